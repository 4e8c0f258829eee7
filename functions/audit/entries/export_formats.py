"""Writing an export while it is read.

The answer is sent after the function's transaction has ended, so every batch is read in one of its own: a
single round trip on a connection that goes back to the pool before the client has taken the batch. A year of
a busy city never has to fit into memory, and a client that reads slowly holds nothing. Entries never change,
so the batches fit together all the same.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from functions.audit.entries.queries import BATCH
from shared.context import Context
from shared.db.pg import Row, pool
from shared.db.sql import Sql
from shared.kit.spreadsheets import cell, written

ROWS = 1000
COLUMNS = (
    "sequence",
    "at",
    "recordedAt",
    "actorId",
    "impersonatorId",
    "action",
    "resourceType",
    "resourceId",
    "correlationId",
    "source",
    "eventId",
    "data",
    "before",
    "after",
    "hash",
)


def batches(ctx: Context, since: datetime, until: datetime) -> Iterator[list[str]]:
    """Entries as JSON, a thousand at a time. The first batch is read at once, while a failure can still be an
    answer.
    """
    first = batch(ctx, since, until, since, 0)
    return chain([texts(first)], following(ctx, since, until, first))


def following(ctx: Context, since: datetime, until: datetime, rows: list[Row]) -> Iterator[list[str]]:
    """The batches after this one."""
    while len(rows) == ROWS:
        rows = batch(ctx, since, until, *rows[-1][1:])
        yield texts(rows)


def batch(ctx: Context, since: datetime, until: datetime, time: datetime, last: int) -> list[Row]:
    """The entries after this time and number."""
    sql = Sql(pool(ctx.record.database), ctx.tenant.id, read_only=True)
    try:
        return sql.run(
            BATCH, tenant=ctx.tenant.id, since=since, until=until, time=time, last=last, limit=ROWS
        )
    finally:
        sql.release()


def texts(rows: list[Row]) -> list[str]:
    """The JSON of each entry."""
    return [row[0] for row in rows]


def as_json(found: Iterator[list[str]]) -> Iterator[bytes]:
    """One object with its count last: a server ends a broken answer like any other, so the end has to say
    that it is one.
    """
    count = 0
    yield b'{"entries":['
    for entries in found:
        yield (",\n" if count and entries else "").encode() + ",\n".join(entries).encode()
        count += len(entries)
    yield f'],"count":{count}}}\n'.encode()


def as_csv(found: Iterator[list[str]]) -> Iterator[bytes]:
    """A table with a header (RFC 4180), and a last line that says that it is the last."""
    count = 0
    yield written([COLUMNS])
    for entries in found:
        yield written([[cell(entry.get(name)) for name in COLUMNS] for entry in map(json.loads, entries)])
        count += len(entries)
    yield written([("end", count)])
