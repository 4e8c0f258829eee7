"""API tokens: opaque, and known to the auth service by their hash; what it says of one is remembered for a minute at most.

A token names its tenant. Only its hash travels: neither an address nor Redis holds what could be used.
"""

import base64
import hashlib
import re
from datetime import UTC, datetime
from uuid import UUID

from pydantic import BaseModel

from shared import cache, remembered
from shared.errors import TokenExpired, TokenInvalid
from shared.tokens import Principal

PREFIX = "heidi_"  # so that scanners of published code find a token that got there
FORM = re.compile(r"heidi_[A-Za-z0-9_-]{64}")
SECONDS = 60


class ApiTokenExpired(TokenExpired):
    message = "This API token has expired. Make a new one."


class Grant(BaseModel):
    """What a token stands for: whose it is, and what its owner may do at this moment, narrowed by its scopes."""

    id: UUID
    account_id: UUID
    roles: tuple[str, ...]
    scopes: frozenset[str]
    expires_at: datetime


def principal(token: str, address: str) -> Principal:
    """The caller behind an API token; TokenInvalid, ApiTokenExpired, or RateLimited where an address brings many unknown ones."""
    if not FORM.fullmatch(token):
        raise TokenInvalid
    tenant_id = UUID(bytes=base64.urlsafe_b64decode(token.removeprefix(PREFIX))[:16])
    text = granted(tenant_id, digest(token).hex(), address)
    if not text:
        raise TokenInvalid
    grant = Grant.model_validate_json(text)
    if grant.expires_at <= datetime.now(UTC):
        raise ApiTokenExpired
    return Principal(
        grant.account_id,
        tenant_id,
        grant.roles,
        str(grant.id),
        str(grant.id),
        grant.expires_at.timestamp(),
        scopes=grant.scopes,
    )


def granted(tenant_id: UUID, hash_: str, address: str) -> bytes:
    """What is remembered of a token, else what the auth service says; empty for none. Unknown ones count for their address."""
    question = f"/api/auth/api-tokens/resolve?tenant={tenant_id}&hash={hash_}"
    return remembered.recall(key(tenant_id, hash_), question, SECONDS, address)


def digest(token: str) -> bytes:
    """What is kept of a token; random as it is, one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def forget(tenant_id: UUID, hash_: str) -> None:
    """What is remembered of a token is no longer true."""
    remembered.forget(key(tenant_id, hash_))


def key(tenant_id: UUID, hash_: str) -> str:
    """Where Redis keeps what a token stands for."""
    return cache.key(tenant_id, "api-token", hash_)
