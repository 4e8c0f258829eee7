"""What has to be put right where a database has gone back in time: nothing that was taken away may come back
to life.

Sessions, impersonations, API tokens and links that reset a password may have ended since: all end. The
numbers of noted changes are ids of events, and consumers remember for days which they have handled: they go
on beyond any that were given. Redis knows a world that is gone: all is forgotten but whom it refuses.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from shared.adapters import redis
from tooling.backup.server import Server
from tooling.backup.unwalled import unwalled

if TYPE_CHECKING:
    from pg8000.native import Connection

ENDED = {  # table of auth → what ends there, as `alive` (ids of API tokens) allows
    "sessions": "UPDATE sessions SET revoked_at = now() WHERE revoked_at IS NULL AND expires_at > now()",
    "impersonations": "UPDATE impersonations SET stopped_at = now() WHERE stopped_at IS NULL AND ends_at > now()",
    "api_tokens": """UPDATE api_tokens SET revoked_at = now() WHERE revoked_at IS NULL AND expires_at > now()
 AND id <> ALL (CAST(:alive AS uuid[]))""",
    "password_resets": "DELETE FROM password_resets",
    "conversions": "DELETE FROM conversions",
}
ALIVE = "SELECT id FROM api_tokens WHERE revoked_at IS NULL AND expires_at > now()"
NUMBERS = """SELECT setval(name, greatest(:now, (SELECT max(id) + 1 FROM changes), (SELECT last_value + 1 FROM pg_sequences
 WHERE schemaname || '.' || sequencename = name)))
 FROM pg_get_serial_sequence('public.changes', 'id') name"""
REFUSED = ("revoked", "barred")


def settle(server: Server, services: Iterable[str], alive: Iterable[str] = ()) -> dict[str, int]:
    """Do it in these services' databases; how many of what has ended. API tokens in `alive` are known to be
    good still.
    """
    ended: dict[str, int] = {}
    for service in services:
        with server.connect(server.prefix + service) as connection:
            advance(connection)
            if service == "auth":
                ended = end(connection, list(alive))
    return ended


def advance(connection: "Connection") -> None:
    """Go on counting changes from now's number: one for each millisecond, which is more than a database ever
    noted.
    """
    if connection.run("SELECT 1 WHERE to_regclass('public.changes') IS NOT NULL"):
        connection.run(NUMBERS, now=time.time_ns() // 1_000_000)


def end(connection: "Connection", alive: list[str]) -> dict[str, int]:
    """Everybody has to log in again."""
    ended = {}
    with unwalled(connection, *ENDED):
        for table, statement in ENDED.items():
            connection.run(statement, **({"alive": alive} if ":alive" in statement else {}))
            ended[table] = connection.row_count
    return ended


def alive(server: Server) -> list[str]:
    """The API tokens that are good now, before the databases are replaced; none where there is nothing to
    ask.
    """
    if "auth" not in server.services():
        return []
    with server.connect(server.prefix + "auth") as connection:
        if not connection.run("SELECT 1 WHERE to_regclass('public.api_tokens') IS NOT NULL"):
            return []
        return [str(row[0]) for row in connection.run(ALIVE) or ()]


def forget() -> int:
    """Empty Redis of everything but refusals; how many keys that were."""
    gone, cursor = 0, b"0"
    while True:
        cursor, keys = redis.command("SCAN", cursor, "MATCH", "tenant:*", "COUNT", 1000)
        stale = [key for key in keys if key.split(b":")[2].decode() not in REFUSED]
        gone += redis.command("DEL", *stale) if stale else 0
        if cursor == b"0":
            return gone
