"""What is left of a city, in every service's tables, in its bucket and in Redis: the question after it was
deleted.
"""

from collections.abc import Iterator
from uuid import UUID

from shared.adapters import redis, storage
from tooling.backup.server import Server

OF_CITIES = """SELECT quote_ident(table_name) FROM information_schema.columns
 WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY 1"""
# ids on their way; they end by themselves within a week
PASSING = frozenset({"outbox", "inbox", "idempotency", "changes"})


def left(server: Server, city: UUID) -> Iterator[tuple[str, int]]:
    """Where something is, and how much; what ends by itself is marked so."""
    for service in server.services():
        with server.connect(server.prefix + service) as connection:
            connection.run("SELECT set_config('heidi.tenant', :city, false)", city=str(city))
            for [table] in connection.run(OF_CITIES) or ():
                [[number]] = connection.run(
                    f"SELECT count(*) FROM {table} WHERE tenant_id = :city",  # noqa: S608 (a name from the catalogue)
                    city=city,
                ) or [[0]]
                if number:
                    yield f"{service}.{table}{' (ends by itself)' * (table in PASSING)}", int(number)
    if files := sum(1 for _ in storage.keys(city)):
        yield "files", files
    if keys := sum(1 for _ in redis_keys(city)):
        yield "redis (ends by itself)", keys


def redis_keys(city: UUID) -> Iterator[bytes]:
    """What Redis keeps under the city's name."""
    cursor = b"0"
    while True:
        cursor, keys = redis.command("SCAN", cursor, "MATCH", redis.key(city, "*"), "COUNT", 1000)
        yield from keys
        if cursor == b"0":
            return
