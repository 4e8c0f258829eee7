"""A city's export as clients read it, and the list of its files."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from functions.city.deletion.tables import Export
from shared.adapters import storage
from shared.errors import Conflict
from shared.schema import Schema

LINK_SECONDS = 60 * 60
MANIFEST_SECONDS = storage.MAX_EXPIRY


class CityActive(Conflict):
    message = "This city is active; deactivate it first."


class CityNotExported(Conflict):
    message = "There is no complete export of this city since it was deactivated; export it first."


class FileOut(Schema):
    """A file with a link that is good for an hour."""

    key: str
    url: str


class ExportOut(Schema):
    """How far an export is: `missing` services have not handed out their part yet; `rows` by service.

    When it is complete, `files` holds the rows as JSON lines, and the manifest: it lists every file of the
    city, pictures and documents too, with links that are good for seven days.
    """

    export_id: UUID
    status: Literal["gathering", "complete"]
    missing: list[str]
    rows: dict[str, int]
    files: list[FileOut]
    created_at: datetime
    completed_at: datetime | None


def shown(export: Export) -> ExportOut:
    """The export as it is at the moment."""
    complete = export.completed_at is not None
    return ExportOut(
        export_id=export.id,
        status="complete" if complete else "gathering",
        missing=export.missing,
        rows={service: part["rows"] for service, part in export.parts.items()},
        files=list(links(export.tenant_id, export.folder, LINK_SECONDS)) if complete else [],
        created_at=export.created_at,
        completed_at=export.completed_at,
    )


def links(tenant_id: UUID, folder: str, seconds: int) -> Iterator[FileOut]:
    """Links to all files whose keys begin so."""
    for key in storage.keys(tenant_id, folder):
        yield FileOut(key=key, url=storage.sign_private(tenant_id, key, seconds, key.rpartition("/")[2]))


def write_manifest(export: Export) -> None:
    """Put the list of the city's files beside the parts; other exports, which are people's own, are left out."""
    import orjson

    files = [
        file.model_dump()
        for file in links(export.tenant_id, "", MANIFEST_SECONDS)
        if file.key.startswith(export.folder) or not file.key.startswith("exports/")
    ]
    manifest = {"exportId": str(export.id), "parts": export.parts, "files": files}
    storage.put(export.tenant_id, f"{export.folder}manifest.json", orjson.dumps(manifest), "application/json")


def remove(tenant_id: UUID, prefix: str) -> None:
    """Delete all files whose keys begin so; with none said, all that the city has."""
    for key in list(storage.keys(tenant_id, prefix)):
        storage.delete(tenant_id, key)
