"""Identifiers that sort by the time they were made (UUID version 7, RFC 9562 §5.7)."""

import os
import re
import time
from uuid import UUID

PLATFORM_ID = UUID(int=1)  # the tenant that is no city
CANONICAL = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # as we write one (RFC 9562 §4)
ID = re.compile(CANONICAL, re.IGNORECASE)


def is_id(text: str) -> bool:
    """Whether a text is an identifier and no slug: 36 characters with its dashes, in either case."""
    return ID.fullmatch(text) is not None


def new_id() -> UUID:
    """A new UUIDv7: 48 bits of milliseconds, 74 random bits."""
    random = int.from_bytes(drawn(), "big") & ((1 << 74) - 1)
    millis = time.time_ns() // 1_000_000
    return UUID(
        int=(millis << 80) | (0x7 << 76) | ((random >> 62) << 64) | (0b10 << 62) | (random & ((1 << 62) - 1))
    )


def drawn() -> bytes:
    """Ten random bytes of the system's, which is asked for many at once: each time the interpreter is let go."""
    try:
        return ahead.pop()
    except IndexError:
        block = os.urandom(10 * AHEAD)
        ahead.extend(block[at : at + 10] for at in range(10, len(block), 10))
        return block[:10]


AHEAD = 256
ahead: list[bytes] = []
os.register_at_fork(after_in_child=ahead.clear)  # what was drawn ahead is the parent's
