"""A browser and its push service in one (RFC 8030): it gives out subscriptions, and reads what is sent to them.

Written from the receiver's side of RFC 8291, so that what both sides agree on is the standard.
"""

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tooling.thirdparty.clock import Clock
from tooling.thirdparty.config import Config
from tooling.thirdparty.inbox.store import Inbox
from tooling.thirdparty.push.reply import Reply

MAX_BODY, LONGEST_CLAIM = 4096, 24 * 3600
VAPID = re.compile(r"vapid t=([A-Za-z0-9._-]+), ?k=([A-Za-z0-9_-]+)")
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
SEND = re.compile(r"/webpush/send/([A-Za-z0-9-]{1,80})")
NAME = re.compile(r"[A-Za-z0-9-]{1,80}")
# Subscriptions that are named like this are answered as push services answer when things go wrong.
REFUSALS: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "gone-": (410, {}),
    "missing-": (404, {}),
    "forbidden-": (403, {}),
    "large-": (413, {}),
    "quota-": (429, {"Retry-After": "60"}),
    "internal-": (500, {}),
    "unavailable-": (503, {"Retry-After": "5"}),
    "redirect-": (307, {"Location": "http://127.0.0.1:1/"}),
}


@dataclass(frozen=True, slots=True)
class Browser:
    """One subscription, and what only the browser has of it."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes
    sender: str

    @property
    def point(self) -> bytes:
        """Its public key."""
        return point_of(self.key)


class WebPush:
    """All subscriptions since the start; those of before are gone, as browsers' sometimes are."""

    def __init__(self, config: Config, inbox: Inbox, clock: Clock) -> None:
        self.config, self.inbox, self.clock = config, inbox, clock
        self.browsers: dict[str, Browser] = {}

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://{self.config.thirdparty_host}:{self.config.push_port}"

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """The reply to a request; None where it is for another service."""
        if to := SEND.fullmatch(path):
            return self.send(to[1], headers, body)
        return self.subscribe(body) if path == "/webpush/subscriptions" else None

    def subscribe(self, body: bytes) -> Reply:
        """POST /webpush/subscriptions: what `pushManager.subscribe()` gives. `name` decides how it answers,
        `applicationServerKey` who may send.
        """
        asked = json.loads(body or b"{}")
        name = str(asked.get("name") or secrets.token_hex(16))
        if not NAME.fullmatch(name):
            return Reply(400, {"reason": "BadName"})
        browser = Browser(
            ec.generate_private_key(ec.SECP256R1()),
            secrets.token_bytes(16),
            asked.get("applicationServerKey", ""),
        )
        self.browsers[name] = browser
        keys = {"p256dh": written(browser.point), "auth": written(browser.auth)}
        endpoint = f"{self.origin}/webpush/send/{name}"
        return Reply(201, {"endpoint": endpoint, "expirationTime": None, "keys": keys})

    def send(self, name: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The call `POST` to an endpoint."""
        refusal = next((answer for prefix, answer in REFUSALS.items() if name.startswith(prefix)), None)
        if refusal:
            return Reply(refusal[0], {"reason": "AsItsNameAsks"}, refusal[1])
        browser = self.browsers.get(name)
        if browser is None:
            return Reply(404, {"reason": "NoSuchSubscription"})
        if problem := self.problem(browser, headers, body):
            return Reply(problem[0], {"reason": problem[1]})
        try:
            shown = json.loads(decrypted(browser, body))
        except (InvalidTag, ValueError) as error:
            return Reply(400, {"reason": f"Unreadable: {type(error).__name__}"})
        self.keep(name, headers, shown)
        return Reply(201, None, {"Location": f"{self.origin}/webpush/message/{secrets.token_hex(8)}"})

    def keep(self, name: str, headers: Mapping[str, str], shown: dict[str, Any]) -> None:
        asked = {each: headers[each] for each in ("ttl", "urgency", "topic") if each in headers}
        facts = {
            "title": shown.get("title", ""),
            "body": shown.get("body", ""),
            "data": shown.get("data", {}),
            "request": shown,
            "headers": asked,
        }
        self.inbox.add_push("Web Push", name, headers.get("topic", ""), facts)

    def problem(self, browser: Browser, headers: Mapping[str, str], body: bytes) -> tuple[int, str] | None:
        """What is wrong with a request, before anybody reads it."""
        if len(body) > MAX_BODY:
            return 413, "PayloadTooLarge"
        if not headers.get("ttl", "").isdigit():
            return 400, "MissingTtl"
        if headers.get("content-encoding") != "aes128gcm":
            return 415, "UnsupportedEncoding"
        if not TOPIC.fullmatch(headers.get("topic", "x")):
            return 400, "BadTopic"
        if headers.get("urgency", "normal") not in {"very-low", "low", "normal", "high"}:
            return 400, "BadUrgency"
        return self.stranger(browser, headers.get("authorization", ""))

    def stranger(self, browser: Browser, authorization: str) -> tuple[int, str] | None:
        """Why the sender is not believed (RFC 8292 §2, §4.2)."""
        shown = VAPID.fullmatch(authorization)
        if shown is None:
            return 401, "MissingVapid"
        token, key = shown.groups()
        if browser.sender and key != browser.sender:
            return 403, "VapidPkHashMismatch"
        try:
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), read(key))
            claims = jwt.decode(
                token, public, algorithms=["ES256"], audience=self.origin, options={"verify_exp": False}
            )
        except (jwt.InvalidTokenError, ValueError):
            return 403, "BadJwtToken"
        if not self.clock() < claims.get("exp", 0) <= self.clock() + LONGEST_CLAIM:
            return 403, "ExpiredJwtToken"
        if not re.fullmatch(r"mailto:[^@\s<>]+@[^@\s<>]+\.[a-z]+|https://.+", str(claims.get("sub", ""))):
            return 403, "BadJwtToken"
        return None


def decrypted(browser: Browser, body: bytes) -> bytes:
    """What was sent (RFC 8188 §2, RFC 8291 §3); InvalidTag or ValueError where it is damaged, or another's."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, sealed = body[21 : 21 + length], body[21 + length :]
    if size < 18 or len(sealed) > size:
        raise ValueError("more than one record")
    secret = browser.key.exchange(
        ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    )
    mixed = hkdf(browser.auth, secret, b"WebPush: info\x00" + browser.point + theirs, 32)
    key = hkdf(salt, mixed, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = hkdf(salt, mixed, b"Content-Encoding: nonce\x00", 12)
    padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
    if padded[-1:] != b"\x02":
        raise ValueError("not the last record")
    return padded[:-1]


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def written(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
