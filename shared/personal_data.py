"""Every service's part in handing out and in erasing what is held about a person, or of a whole city
(events/privacy.py).

A service says in its `models.py` which models it has; the rest is the same for all.
"""

from collections.abc import Iterator
from graphlib import TopologicalSorter

import orjson

from events.privacy import CityDeleted, CityErased, ExportPart, ExportRequested, UserDeleted, UserErased
from shared.adapters import storage
from shared.context import Context
from shared.db import privacy
from shared.db.privacy import Models, Table

ROWS = 5000  # in one file of a city's export
PLATFORM_TABLES = ("outbox", "inbox", "idempotency", "changes")  # on their way, and pruned by themselves
TABLES = """SELECT c.relname, coalesce(array_agg(DISTINCT f.relname) FILTER (WHERE f.relname <> c.relname), '{}')
 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
 LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' LEFT JOIN pg_class f ON f.oid = k.confrelid
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND c.relname <> ALL (CAST(:left_out AS text[])) GROUP BY c.relname"""


def hand_out(ctx: Context, asked: ExportRequested, models: Models) -> ExportPart:
    """Put this service's part of an export into the city's bucket: one file about a person, files of rows of
    a city.
    """
    folder = f"exports/{asked.export_id}/{ctx.record.service}"
    if asked.user_id:
        found = privacy.rows_about(ctx.sql, ctx.tenant.id, asked.user_id, models)
        with ctx.released():
            storage.put(ctx.tenant.id, f"{folder}.json", orjson.dumps(found, default=str), "application/json")
        rows = sum(map(len, found.values()))
    else:
        hidden = {table.name: list(table.privacy.hidden) for table in map(Table.of, models)}
        rows = sum(write_table(ctx, table, folder, hidden.get(table, [])) for table in tables(ctx))
    key = f"{folder}.json" if asked.user_id else f"{folder}/"
    return ExportPart(
        export_id=asked.export_id, user_id=asked.user_id, service=ctx.record.service, key=key, rows=rows
    )


def write_table(ctx: Context, table: str, folder: str, hidden: list[str]) -> int:
    """A table's rows, without what is never handed out, as files of JSON lines; how many rows.

    The one place where a transaction stays open while the store is asked: the rows are those of one moment,
    and more than a process holds. It locks nothing, and a store that hangs ends it with the first file.
    """
    ctx.sql.run(
        "DECLARE handed_out NO SCROLL CURSOR FOR"  # noqa: S608 (a name from the catalogue)
        f" SELECT (to_jsonb(t) - CAST(:hidden AS text[]))::text FROM {table} t WHERE tenant_id = :tenant",
        hidden=hidden,
        tenant=ctx.tenant.id,
    )
    count = number = 0
    while rows := ctx.sql.run(f"FETCH {ROWS} FROM handed_out"):
        number, count = number + 1, count + len(rows)
        lines = "".join(f"{row[0]}\n" for row in rows).encode()
        storage.put(ctx.tenant.id, f"{folder}/{table}-{number:04}.jsonl", lines, "application/jsonl")
    ctx.sql.run("CLOSE handed_out")
    return count


def erased(
    ctx: Context, event: UserDeleted | CityDeleted, models: Models, *, except_for: tuple[str, ...] = ()
) -> UserErased | CityErased:
    """Erase this service's part of a person or of a city, and say that it is done; done twice it changes
    nothing.

    `except_for` names tables that outlive a city.
    """
    if isinstance(event, UserDeleted):
        privacy.erase(ctx.sql, ctx.tenant.id, event.user_id, models)
        return UserErased(user_id=event.user_id, service=ctx.record.service)
    for table in (name for name in tables(ctx) if name not in except_for):
        ctx.sql.run(f"DELETE FROM {table} WHERE tenant_id = :tenant", tenant=ctx.tenant.id)  # noqa: S608 (as above)
    return CityErased(city_id=event.city_id, service=ctx.record.service)


def tables(ctx: Context) -> Iterator[str]:
    """The service's tables with tenants' rows, those that refer to others before those that they refer to."""
    found = dict(ctx.sql.run(TABLES, left_out=list(PLATFORM_TABLES)))
    order = TopologicalSorter(
        {table: [other for other in others if other in found] for table, others in found.items()}
    )
    return reversed(list(order.static_order()))
