"""Answers of other functions, kept in Redis for all processes, and forgotten as soon as they change.

An answer that was asked for before a change and arrives after it must not be kept: for some seconds after
`forget` nothing is. What a stranger names may not exist: an address that asks for many such things has to
wait, before anybody is asked.
"""

import time

from shared.adapters import counters, redis
from shared.errors import RateLimited
from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings
from shared.peers import internal_calls
from shared.telemetry.metrics import recalled

CHANGING, WINDOW = 10, 60
# who brings the same wrong one again is counted again; a page has but one origin
GUESSED = {"api-token", "directory"}
KEEP = "if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end"


def recall(key: str, question: str, seconds: int, asker: str = "") -> bytes:
    """The answer to a question (shared/peers/internal_calls.py), at most so old; empty where there is nothing.

    RateLimited where this asker has asked in vain for as many such things in a minute as an address may call.
    """
    known: bytes | None = redis.command("GET", key)
    recalled.count(kind(key), "miss" if known is None else "hit")
    if known or (known is not None and kind(key) not in GUESSED):
        return known
    attempt, in_vain = counted(f"{kind(key)}:{asker}") if asker else "", False
    try:
        if known is None:
            known = internal_calls.ask(question)
            redis.command("EVAL", KEEP, 2, key, f"{key}:changing", known, seconds)
        in_vain = not known
    finally:
        if attempt and not in_vain:  # nor does it count when we fail ourselves
            redis.command("DECR", attempt)
    return known


def counted(asker: str) -> str:
    """Count an attempt of this minute; where it is counted."""
    now = int(time.time())
    key = redis.key(PLATFORM_ID, "rate", "in-vain", asker, now // WINDOW)
    if counters.add(key, 2 * WINDOW) > settings().rate_limit_ip:
        raise RateLimited(retryAfter=WINDOW - now % WINDOW)
    return key


def kind(key: str) -> str:
    """What is remembered under such a key: its first word after the tenant."""
    parts = key.split(":", 3)
    return parts[2] if parts[0] == "tenant" else parts[0]


def forget(key: str) -> None:
    """The answer has changed: whoever asks next is told the new one."""
    redis.command("SET", f"{key}:changing", 1, "EX", CHANGING)
    redis.command("DEL", key)
