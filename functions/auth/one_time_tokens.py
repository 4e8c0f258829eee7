"""One-time tokens for mailed links: 256 random bits that name their tenant. Only their hash is kept."""

import base64
import binascii
import hashlib
import os
from uuid import UUID

from shared.errors import Problem

LENGTH = 64


class LinkInvalid(Problem):
    status = 410
    message = "This link was used before, has expired or is incomplete. Ask for a new one."


def new_token(tenant_id: UUID) -> str:
    """A token for a link: 64 characters that need no escaping."""
    return base64.urlsafe_b64encode(tenant_id.bytes + os.urandom(32)).decode()


def tenant_of(token: str) -> UUID:
    """The tenant that a token names; LinkInvalid when it was cut off on its way."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise LinkInvalid from None
    if len(raw) != LENGTH * 3 // 4:
        raise LinkInvalid
    return UUID(bytes=raw[:16])


def hash_of(token: str) -> bytes:
    """What is kept of a token; random as it is, one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()
