"""A backup as it is made: every database at one moment, and the files that their rows keep."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from shared.kit.settings import settings
from tooling import sealed
from tooling.backup import secrets
from tooling.backup.archive import Database, Manifest, facts, writing
from tooling.backup.belongings import belongings
from tooling.backup.cut import LAST, cut, snapshot
from tooling.backup.objects import Copies
from tooling.backup.server import Server, program

if TYPE_CHECKING:
    from pg8000.native import Connection

HEAD = "SELECT string_agg(version_num, ' ' ORDER BY version_num) FROM alembic_version"
NUMBER = """SELECT last_value FROM pg_sequences
 WHERE schemaname || '.' || sequencename = pg_get_serial_sequence('public.changes', 'id')"""


def take(server: Server, path: Path, passphrase: str = "", *, with_secrets: bool = False) -> Manifest:
    """All databases as they are at one moment and the files that their rows keep, sealed where there is a
    passphrase.
    """
    server.require_all_rows()
    version = server.version()
    pg_dump = program("pg_dump", version)
    with (
        writing(path, passphrase) as archive,
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".heidi-backup-") as room,
    ):
        copies = Copies(archive)
        copies.round()
        with cut(server, server.services()) as reading:
            kept = belongings(reading)
            manifest = Manifest(
                **facts(postgres=version),
                sealing_keys=sorted(used_keys(reading)),
                databases={name: described(name, connection) for name, connection in reading.items()},
            )
            for name, connection in reading.items():
                dump = Path(room) / name
                server.run(
                    pg_dump,
                    "-Fc",
                    f"--snapshot={snapshot(connection)}",
                    "-f",
                    str(dump),
                    server.prefix + name,
                )
                archive.add(f"databases/{name}.dump", dump)
                dump.unlink()
        copies.round()
        manifest.files = copies.of(kept)
        manifest.missing = kept.missing((UUID(file.tenant), file.key) for file in manifest.files.values())
        if with_secrets:
            sealing = {"ENCRYPTION_KEY": settings().encryption_key.get_secret_value()}
            archive.write(secrets.MEMBER, secrets.lock(sealing, passphrase))
        return archive.finish(manifest)


def described(service: str, connection: "Connection") -> Database:
    """Where a database stands; what it does not have is None."""

    def one(table: str, query: str) -> int | str | None:
        there = connection.run("SELECT 1 WHERE to_regclass(:name) IS NOT NULL", name=f"public.{table}")
        rows = connection.run(query) if there else None
        return rows[0][0] if rows else None

    position = one("events", "SELECT max(seq) FROM events") if service == LAST else None
    return Database.model_validate(
        {
            "head": one("alembic_version", HEAD),
            "changes": one("changes", NUMBER),
            "outbox": one("outbox", "SELECT count(*) FROM outbox"),
            "events": position,
        }
    )


def used_keys(reading: "dict[str, Connection]") -> set[str]:
    """The names of the keys without which something in the backup stays sealed."""
    return {
        name
        for column in sealed.COLUMNS
        if column.service in reading
        for name in column.key_names(reading[column.service])
    }
