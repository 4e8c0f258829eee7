"""API tokens: opaque, and known to the auth service by their hash; what it says of one is remembered for a
minute at most.

A token names its tenant. Only its hash travels: neither an address nor Redis holds what could be used. What
is said of it is signed: whoever can write to Redis, as every function can, makes no token and widens none.
"""

import base64
import hashlib
import re
import time
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from shared.adapters import redis
from shared.auth import keys, tokens
from shared.auth.tokens import Principal
from shared.errors import TokenExpired, TokenInvalid
from shared.peers import read_through

PREFIX = "heidi_"  # so that scanners of published code find a token that got there
FORM = re.compile(r"heidi_[A-Za-z0-9_-]{64}")
SECONDS = 60
# of a grant: remembered so long, some seconds on its way, and clocks differ
LIFE = SECONDS + read_through.CHANGING + tokens.SKEW


class ApiTokenExpired(TokenExpired):
    message = "This API token has expired. Make a new one."


class Grant(NamedTuple):
    """What the auth service has signed: what the token with this hash stands for, its owner's roles of this
    moment included.
    """

    caller: Principal
    hash: str
    until: float


believed: dict[bytes, Grant] = {}


def principal(token: str, address: str) -> Principal:
    """The caller behind an API token; TokenInvalid, ApiTokenExpired, or RateLimited where an address brings
    many unknown ones.
    """
    if not FORM.fullmatch(token):
        raise TokenInvalid
    tenant_id, hash_ = (
        UUID(bytes=base64.urlsafe_b64decode(token.removeprefix(PREFIX))[:16]),
        digest(token).hex(),
    )
    text = granted(tenant_id, hash_, address)
    if not text:
        raise TokenInvalid
    grant = checked(text)
    # whoever writes to Redis may copy another's
    if (grant.caller.tenant_id, grant.hash) != (tenant_id, hash_):
        raise TokenInvalid
    if grant.caller.expires_at <= datetime.now(UTC).timestamp():
        raise ApiTokenExpired
    return grant.caller


def checked(text: bytes) -> Grant:
    """What is remembered, if the auth service has signed it, and lately; signatures are checked once per text
    and process.
    """
    known = believed.get(text)
    if known is None:
        known = opened(text)
        if len(believed) >= tokens.VERIFIED_LIMIT:
            believed.clear()
        believed[text] = known
    if known.until <= time.time():
        believed.pop(text, None)
        raise TokenInvalid
    return known


def opened(text: bytes) -> Grant:
    """The grant in a signed text; TokenInvalid for all else."""
    try:
        claims = tokens.checked(text.decode().strip('"'), "grant", keys.ring())
        whose = Principal(
            UUID(claims["sub"]),
            UUID(claims["tenantId"]),
            tuple(map(str, claims["roles"])),
            str(claims["sid"]),
            str(claims["sid"]),
            float(claims["ends"]),
            scopes=frozenset(map(str, claims["scopes"])),
        )
        return Grant(whose, str(claims["hash"]), float(claims["exp"]))
    except (TokenExpired, KeyError, TypeError, ValueError):
        raise TokenInvalid from None


def granted(tenant_id: UUID, hash_: str, address: str) -> bytes:
    """What is remembered of a token, else what the auth service says; empty for none. Unknown ones count for
    their address.
    """
    question = f"/api/auth/api-tokens/resolve?tenant={tenant_id}&hash={hash_}"
    return read_through.recall(key(tenant_id, hash_), question, SECONDS, address)


def digest(token: str) -> bytes:
    """What is kept of a token; random as it is, one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def forget(tenant_id: UUID, hash_: str) -> None:
    """What is remembered of a token is no longer true."""
    read_through.forget(key(tenant_id, hash_))


def key(tenant_id: UUID, hash_: str) -> str:
    """Where Redis keeps what a token stands for."""
    return redis.key(tenant_id, "api-token", hash_)
