"""How a backup comes back: into fresh databases, which take the place of the old ones in one transaction or not
at all.
"""

import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shared.db.roles import access
from tooling.backup import aftercare, objects, secrets
from tooling.backup.archive import Manifest, Reader
from tooling.backup.belongings import Belongings, belongings
from tooling.backup.server import Server, program, wanted
from tooling.command_failed import CommandFailed
from tooling.registry import ROOT
from tooling.stack.databases import AS_SUPERUSER, make_database

if TYPE_CHECKING:
    from pg8000.native import Connection

FRESH, OLD = "restoring_", "replaced_"  # before the usual prefix: nothing of ours looks for databases there
IN_USE = """SELECT DISTINCT datname || ' by ' || coalesce(nullif(application_name, ''), usename) FROM pg_stat_activity
 WHERE datname = ANY (CAST(:names AS text[])) AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


class Restored(NamedTuple):
    """What came back, and what ended with it."""

    manifest: Manifest
    files: int
    missing: dict[str, int]  # by service, rows without their file
    strays: int  # files that no row keeps, which were removed
    ended: dict[str, int]


def opened(archive: Reader, passphrase: str) -> dict[str, str]:
    """The secrets in the backup, if there are any and a passphrase is given."""
    there = secrets.MEMBER in archive.manifest.members
    return secrets.unlock(archive.read(secrets.MEMBER), passphrase) if there and passphrase else {}


def check(archive: Reader) -> None:
    """A CommandFailed when this checkout cannot bring the backup back: its bytes have been compared already."""
    manifest = archive.manifest
    if unknown := sorted(manifest.databases.keys() - set(wanted())):
        raise CommandFailed(
            f"The backup has databases of services that this checkout does not know: {', '.join(unknown)}."
        )
    for service, database in manifest.databases.items():
        if database.head and not knows(service, database.head):
            raise CommandFailed(
                f"The backup is newer than this checkout: {service} is at migration {database.head}. "
                f"Restore it with HEIDI {manifest.version}."
            )
    program("pg_restore", manifest.postgres)


def knows(service: str, revision: str) -> bool:
    """Whether a migration is in this checkout; of modules' migrations, which are side by side, each."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(ROOT / "functions" / service / "migrations"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    return known.issuperset(revision.split())


def require_keys(manifest: Manifest, encryption_key: str) -> None:
    """A CommandFailed when something in the backup would stay sealed for ever."""
    from shared.kit.sealing import keys

    if missing := ", ".join(sorted(set(manifest.sealing_keys) - keys(encryption_key).keys())):
        raise CommandFailed(
            f"Second factors in the backup are sealed with keys that ENCRYPTION_KEY lacks: {missing}. "
            "Add the old key behind the present one, give the passphrase of a backup --with-secrets, or say "
            "--lose-sealed: then whoever has a second factor needs it reset by an admin."
        )


def bring_back(
    server: Server, archive: Reader, before_the_swap: Callable[[], None] = lambda: None
) -> Restored:
    """All of it; should anything fail, the databases are as they were."""
    server.require_superuser()
    require_idle(server)
    names, fresh = (
        wanted(),
        Server(server.host, server.port, server.user, server.password, FRESH + server.prefix),
    )
    try:
        drop(server, FRESH, names)
        fill(fresh, archive)
        ended = aftercare.settle(fresh, names, aftercare.alive(server))
        kept = belongings_of(fresh)
        files = objects.bring_back(archive, kept)
        before_the_swap()
        swap(server, names)
    finally:
        drop(server, FRESH, names)
    drop(server, OLD, names)
    aftercare.forget()
    strays = objects.remove_strays(kept)
    return Restored(archive.manifest, files, kept.missing(objects.there()), strays, ended)


def belongings_of(server: Server) -> Belongings:
    """What the rows of these databases keep."""
    with ExitStack() as opened:
        return belongings(
            {name: opened.enter_context(server.connect(server.prefix + name)) for name in server.services()}
        )


def require_idle(server: Server) -> None:
    """A CommandFailed that names who is connected: what they write now would be lost."""
    with server.connect() as connection:
        if users := [
            row[0] for row in connection.run(IN_USE, names=[server.prefix + name for name in wanted()]) or ()
        ]:
            raise CommandFailed(
                f"These databases are in use: {'; '.join(users)}. Stop the functions, the broker and PgBouncer first."
            )


def fill(fresh: Server, archive: Reader) -> None:
    """Fresh databases with what the backup holds, brought to this checkout's newest migrations."""
    from tooling.migrate import migrate

    pg_restore = program("pg_restore", archive.manifest.postgres)
    for service in wanted():
        with fresh.connect() as connection:
            make(connection, fresh.prefix + service)
        if statement := AS_SUPERUSER.get(service):
            with fresh.connect(fresh.prefix + service) as connection:
                connection.run(statement)
        if service in archive.manifest.databases:
            load(fresh, archive, service, pg_restore)
    migrate(prefix=fresh.prefix)


def make(connection: "Connection", database: str) -> None:
    """As `./heidi up` makes one."""
    make_database(connection, database)
    for statement in access(database):
        connection.run(statement)


def load(fresh: Server, archive: Reader, service: str, pg_restore: str) -> None:
    """One dump: tables, rows, owners, grants and policies, all or nothing."""
    import shutil

    with tempfile.NamedTemporaryFile(prefix="heidi-restore-") as dump:
        with archive.open(f"databases/{service}.dump") as content:
            shutil.copyfileobj(content, dump)
        dump.flush()
        fresh.run(
            pg_restore,
            "--exit-on-error",
            "--single-transaction",
            "-d",
            fresh.prefix + service,
            str(Path(dump.name)),
        )


def swap(server: Server, names: Iterable[str]) -> None:
    """The old ones step aside and the fresh ones take their names, in one transaction."""
    from pg8000.native import DatabaseError, identifier

    def rename(connection: "Connection", old: str, new: str) -> None:
        connection.run(f"ALTER DATABASE {identifier(old)} RENAME TO {identifier(new)}")

    drop(server, OLD, names)
    there = server.services()
    with server.connect() as connection:
        connection.run("BEGIN")
        try:
            for name in names:
                database = server.prefix + name
                if name in there:
                    rename(connection, database, OLD + database)
                rename(connection, FRESH + database, database)
            connection.run("COMMIT")
        except DatabaseError as error:
            connection.run("ROLLBACK")
            raise CommandFailed(f"The databases were not exchanged, all is as it was: {error}") from None


def drop(server: Server, mark: str, names: Iterable[str]) -> None:
    """What an earlier attempt left, or this one needs no more."""
    from pg8000.native import identifier

    with server.connect() as connection:
        for name in names:
            connection.run(f"DROP DATABASE IF EXISTS {identifier(mark + server.prefix + name)} WITH (FORCE)")
