"""Answers of other functions, kept in Redis for all processes, and forgotten as soon as they change.

An answer that was asked for before a change and arrives after it must not be kept: for some seconds after `forget` nothing is.
"""
from shared import cache, inside

CHANGING = 10
KEEP = "if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end"


def recall(key: str, question: str, seconds: int) -> bytes:
    """The answer to a question (shared/inside.py), at most so old; empty where there is nothing."""
    known: bytes | None = cache.command("GET", key)
    if known is None:
        known = inside.ask(question)
        cache.command("EVAL", KEEP, 2, key, f"{key}:changing", known, seconds)
    return known


def forget(key: str) -> None:
    """The answer has changed: whoever asks next is told the new one."""
    cache.command("SET", f"{key}:changing", 1, "EX", CHANGING)
    cache.command("DEL", key)
