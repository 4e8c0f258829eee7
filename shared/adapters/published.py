"""Answers about published things, the same for all who do not say who they are: kept in Redis for a moment,
dropped as soon as a change of what they are about is committed.

Each kind of thing in a city has a mark in Redis. An answer is kept with the marks that stood before the
database was read, and counts only while they stand: a reader that was slower than a writer keeps nothing old.
Without Redis nothing is kept, and nothing fails.
"""

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from shared.adapters import redis
from shared.errors import Problem
from shared.kit.ids import PLATFORM_ID
from shared.kit.record import Published

SECONDS = 30
MARKED = 3600  # longer than any answer is kept
MOST = 256 * 1024
# what is asked for without a city
PLATFORM_WIDE: frozenset[Published] = frozenset({"cities", "legal"})


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer, if there is one, and where it is, or would be, kept."""

    key: str
    marks: bytes
    etag: str = ""
    body: bytes = b""


def mark(tenant_id: UUID, about: Published) -> str:
    """Where the mark of one kind of thing is."""
    return redis.key(PLATFORM_ID if about in PLATFORM_WIDE else tenant_id, "published", about)


def find(tenant_id: UUID, name: str, about: Iterable[Published], asked: str) -> Kept | None:
    """What is kept of a function's answers to exactly this question; None where nothing can be kept."""
    key = redis.key(tenant_id, "answer", name, hashlib.sha256(asked.encode()).hexdigest()[:32])
    with suppress(Problem):
        *marks, kept = redis.command("MGET", *(mark(tenant_id, each) for each in about), key)
        now = b",".join(each or b"" for each in marks)
        then, _, rest = (kept or b"").partition(b"\n")
        if not kept or then != now:
            return Kept(key, now)
        etag, _, body = rest.partition(b"\n")
        return Kept(key, now, etag.decode(), body)
    return None


def keep(found: Kept, etag: str, body: bytes) -> None:
    """Keep an answer under the marks that stood when it was asked for."""
    if SECONDS and len(body) <= MOST:
        with suppress(Problem):
            redis.command("SET", found.key, b"\n".join((found.marks, etag.encode(), body)), "EX", SECONDS)


def drop(tenant_id: UUID, *about: Published) -> None:
    """Let nothing count any more that is kept about these things."""
    with suppress(Problem):  # they end by themselves then
        for each in about:
            redis.command("SET", mark(tenant_id, each), secrets.token_hex(8), "EX", MARKED)
