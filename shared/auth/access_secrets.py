"""The secret of a stranger's own thing: a booking, a report, an application opens with it for whoever made it.

It comes in the header X-Access-Secret and never in an address, which ends in logs, histories and referrers.
256 random bits are shown once (`never_stored=True`) or sent by mail behind a #; what is kept is one round of
SHA-256, which is enough for what is random. Wrong, missing, another thing's: one answer, that there is none.
"""

import hashlib
import hmac
import secrets
from typing import NamedTuple

from shared.kit.http import Request

HEADER = "X-Access-Secret"
PREFIX = "heidi_own_"  # by which scanners find one that has leaked
LONGEST = 200


class AccessSecret(NamedTuple):
    """A new one: `shown` once to whoever made the thing, `kept` in its row."""

    shown: str
    kept: bytes


def new_secret() -> AccessSecret:
    """Another one each time."""
    shown = PREFIX + secrets.token_urlsafe(32)
    return AccessSecret(shown, hash_of(shown))


def hash_of(secret: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(secret.encode()).digest()


def opens(request: Request | None, kept: bytes | None) -> bool:
    """Whether a call brings the secret of which this is kept; a thing that keeps none is opened by nobody."""
    said = request.header(HEADER.lower()) if request else ""
    if not kept or not said or len(said) > LONGEST:
        return False
    return hmac.compare_digest(hash_of(said), kept)
