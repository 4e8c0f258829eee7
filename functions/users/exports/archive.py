"""The archive that a person takes away: a file per service, a table per kind of thing, their photo, and what
is missing.
"""

import io
from collections.abc import Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from functions.users.exports.export import Format
from functions.users.exports.tables import Export
from shared.adapters import storage
from shared.kit.spreadsheets import cell, written

Rows = list[dict[str, Any]]


def archive(export: Export, photo: str | None, wanted: Format | None) -> bytes:
    """A ZIP file."""
    whole = io.BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as packed:
        packed.writestr("manifest.json", orjson.dumps(manifest(export), option=orjson.OPT_INDENT_2))
        for service, part in sorted(export.parts.items()):
            for name, content in files(service, storage.get(export.tenant_id, part["key"]), wanted):
                packed.writestr(name, content)
        if photo:
            packed.writestr(f"photo.{photo.rpartition('.')[2]}", storage.get(export.tenant_id, photo))
    return whole.getvalue()


def manifest(export: Export) -> dict[str, Any]:
    """What is in the archive, and what is not."""
    rows = {service: part["rows"] for service, part in sorted(export.parts.items())}
    return {
        "exportId": export.id,
        "userId": export.user_id,
        "tenantId": export.tenant_id,
        "requestedAt": export.created_at,
        "complete": not export.missing,
        "missing": export.missing,
        "services": rows,
        "rows": sum(rows.values()),
    }


def files(service: str, part: bytes, wanted: Format | None) -> Iterator[tuple[str, bytes]]:
    """What one service holds, as it said it, and as tables for a spreadsheet."""
    if wanted != "csv":
        yield f"{service}.json", part
    if wanted != "json":
        tables: dict[str, Rows] = orjson.loads(part)
        yield from ((f"{service}/{table}.csv", sheet(rows)) for table, rows in tables.items() if rows)


def sheet(rows: Rows) -> bytes:
    """A table with a header; nothing in it that a spreadsheet would compute."""
    columns = list(rows[0])
    return written([columns, *([cell(row.get(column)) for column in columns] for row in rows)])
