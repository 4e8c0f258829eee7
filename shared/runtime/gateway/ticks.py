"""A tick that lives in many processes runs in one of them at a time, as it does where it is deployed alone, with
one instance: whoever runs it holds a lease in Redis, and who has died with it gives it up soon.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

from shared.adapters import redis
from shared.errors import Busy, Problem
from shared.kit.http import Request
from shared.kit.ids import PLATFORM_ID
from shared.kit.record import Record
from shared.peers import service_tokens
from shared.runtime.binding import bearer

LEASE = 15.0  # seconds after which a tick whose process was killed may run again
RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@contextmanager
def alone(record: Record, request: Request) -> Iterator[None]:
    """Nobody else runs this tick meanwhile; Busy when somebody does. Other functions pass, and so do callers who
    may not call it.
    """
    if record.kind != "tick" or not service_tokens.is_broker(bearer(request)):
        yield
        return
    key, mine = redis.key(PLATFORM_ID, "tick", record.name), uuid4().hex
    if redis.command("SET", key, mine, "NX", "PX", int(LEASE * 1000)) is None:
        raise Busy
    over = threading.Event()
    threading.Thread(target=renew, args=(key, mine, over), name="lease", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        with suppress(Problem):
            redis.command("EVAL", RELEASE, 1, key, mine)


def renew(key: str, mine: str, over: threading.Event) -> None:
    """Hold it for as long as we run."""
    while not over.wait(LEASE / 3):
        with suppress(Problem):
            redis.command("EVAL", RENEW, 1, key, mine, int(LEASE * 1000))
    redis.forget_connection()
