"""What others tell us: their signature over the bytes as they came, and each delivery taken once.

delivery = webhooks.verified(ctx, sender)          # SignatureInvalid, a 401, for whatever is wrong with it
if webhooks.is_first(ctx, sender, delivery): ...   # else answer as before: who sends again has not heard us

Whoever signs no time can be replayed once the inbox has forgotten the delivery, after seven days: what such a
webhook says is checked against the sender's own ids.
"""

import hashlib
import hmac
import re
import secrets as random
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from shared.context import Context
from shared.errors import Problem
from shared.kit.http import Request

# Standard Webhooks; HMAC in hex, bare, and with its algorithm before it (GitHub's way; Zammad's is the last)
Scheme = Literal["standard", "hmac-sha256", "sha256=", "sha1="]
FIRST = """INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:tenant, :function, :source, :id)
 ON CONFLICT DO NOTHING RETURNING 1"""
SIGNED = re.compile(
    r"v1,[A-Za-z0-9+/]{43}="
)  # what an HMAC-SHA256 is in base64; other versions are not for us
MOST_SIGNATURES = 10
LIMIT = 1024 * 1024


class SignatureInvalid(Problem):
    status = 401
    message = "The signature of this webhook is not valid."
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Signature"}


class Delivery(NamedTuple):
    """What came: the bytes that were signed, and by what they are recognised when they come again."""

    body: bytes
    id: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may tell us something: `name` is what it is called in the inbox (an endpoint's id), `secrets` the one
    that holds and, during a rotation, the one before. `header` is where the schemes in hex have their signature.

    ValueError for a secret that is none: that is found when it is saved, not when somebody calls.
    """

    name: str
    scheme: Scheme
    secrets: tuple[str, ...]
    header: str = "x-hub-signature"

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("a webhook needs a secret")
        if self.scheme == "standard":
            from standardwebhooks import Webhook

            for secret in self.secrets:
                Webhook(secret)


def new_secret() -> str:
    """A secret for Standard Webhooks: 256 bits."""
    import base64

    return "whsec_" + base64.b64encode(random.token_bytes(32)).decode()


def verified(ctx: Context, sender: Sender, limit: int = LIMIT) -> Delivery:
    """What came, when one of the secrets has signed it; SignatureInvalid, PayloadTooLarge."""
    request = ctx.request
    if request is None:
        raise SignatureInvalid
    body = request.body(limit)
    known = standard if sender.scheme == "standard" else in_hex
    found = known(sender, request, body)
    if found is None:
        raise SignatureInvalid
    return Delivery(body, found)


def is_first(ctx: Context, sender: Sender, delivery: Delivery) -> bool:
    """Whether it has not been here before, in the transaction of what it causes; another one of the same waits
    until this is over.
    """
    source, function = f"webhook:{sender.name}", ctx.record.name
    return bool(
        ctx.sql.run(FIRST, tenant=str(ctx.tenant.id), function=function, source=source, id=delivery.id)
    )


def standard(sender: Sender, request: Request, body: bytes) -> str | None:
    """The id of a delivery by Standard Webhooks, within five minutes of its time; None where it is none.

    What the library cannot read it answers with errors of others (ValueError, binascii.Error,
    UnicodeDecodeError), and two spaces stop it: only what is a signature gets there, and every error is a no.
    """
    from standardwebhooks import Webhook
    from standardwebhooks.webhooks import WebhookVerificationError

    said = [each for each in request.header("webhook-signature").split() if SIGNED.fullmatch(each)]
    headers = {name: request.header(name) for name in ("webhook-id", "webhook-timestamp")}
    headers["webhook-signature"] = " ".join(said[:MOST_SIGNATURES])
    for secret in sender.secrets:
        webhook = Webhook(secret)
        try:
            webhook.verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return headers["webhook-id"]
    return None


HEX: dict[str, tuple[str, Callable[..., "hashlib._Hash"]]] = {
    "hmac-sha256": ("", hashlib.sha256),
    "sha256=": ("sha256=", hashlib.sha256),
    "sha1=": ("sha1=", hashlib.sha1),
}


def in_hex(sender: Sender, request: Request, body: bytes) -> str | None:
    """What a body signed in hex is recognised by; None where it is not signed. A header that names the delivery
    is not signed, and says nothing.
    """
    prefix, algorithm = HEX[sender.scheme]
    said = request.header(sender.header).strip()
    if not said.isascii() or not said.startswith(prefix):
        return None
    given = said.removeprefix(prefix).lower()
    right = [hmac.new(secret.encode(), body, algorithm).hexdigest() for secret in sender.secrets]
    if not any(hmac.compare_digest(given, each) for each in right):
        return None
    return hashlib.sha256(body).hexdigest()
