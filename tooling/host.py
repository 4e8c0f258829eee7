"""One host with deploy/compose.yaml: the databases that it needs, before anything else of ours can run."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.command_failed import CommandFailed
from tooling.stack.databases import every_role, names, prepare
from tooling.stack.postgres import SUPERUSER, Postgres

if TYPE_CHECKING:
    from pg8000.native import Connection

WANTED = (
    "POSTGRES_SUPERUSER_PASSWORD",
    "POSTGRES_OWNER_PASSWORD",
    "POSTGRES_RELAY_PASSWORD",
    "POSTGRES_ROLES_SECRET",
)


@dataclass(frozen=True, slots=True)
class Server(Postgres):
    """A PostgreSQL in a container of its own, whose superuser's password we were told."""

    host: str = "postgres"

    def connect(self, database: str = "postgres") -> "Connection":
        """As the superuser; every statement commits by itself."""
        from pg8000.native import Connection

        return Connection(
            SUPERUSER, host=self.host, port=self.port, database=database, password=self.password, timeout=30
        )


def prepare_databases() -> None:
    """Make the roles with their present passwords and the databases that are missing; then migrate.
    Repeatable without harm.
    """
    from pg8000.native import DatabaseError, InterfaceError

    from tooling.migrate import migrate

    lacking = [name for name in WANTED if not os.environ.get(name)]
    if lacking:
        raise CommandFailed(f"Set {', '.join(lacking)}: `./heidi host env` makes a file with all of them.")
    server = Server(
        Path(),
        int(os.environ.get("POSTGRES_PORT") or 5432),
        os.environ["POSTGRES_SUPERUSER_PASSWORD"],
        host=os.environ.get("POSTGRES_HOST") or "postgres",
    )
    try:
        server.connect().close()
    except (DatabaseError, InterfaceError, OSError) as error:
        raise CommandFailed(
            f"PostgreSQL at {server.host} does not let us in: {error}. The password of its first start is the one that "
            "counts: POSTGRES_SUPERUSER_PASSWORD."
        ) from None
    prefix = os.environ.get("POSTGRES_DATABASE_PREFIX") or "heidi_"
    _, *passwords = (os.environ[name] for name in WANTED)
    prepare(server, every_role(*passwords), [prefix + name.removeprefix("heidi_") for name in names()])
    migrate()
