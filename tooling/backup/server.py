"""The PostgreSQL server whose databases are saved or brought back, and the programs that fit it."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from shared.db.roles import OWNER
from tooling.command_failed import CommandFailed
from tooling.stack.databases import names
from tooling.stack.postgres import PACKAGE, Postgres

if TYPE_CHECKING:
    from pg8000.native import Connection

PREFIX = "heidi_"
ROLE = "SELECT rolsuper, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is and as whom; its databases are `<prefix><service>`."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    prefix: str = PREFIX

    @classmethod
    def embedded(cls, postgres: Postgres) -> Self:
        """The local stack's own."""
        return cls("127.0.0.1", postgres.port, "postgres", postgres.password)

    @classmethod
    def named(cls, given: Mapping[str, str] = os.environ) -> Self:
        """The settings': as POSTGRES_SUPERUSER where its password is given, else as the owner role."""
        url = urlsplit(given.get("DATABASE_URL", ""))
        where = (
            given.get("POSTGRES_HOST") or url.hostname or "127.0.0.1",
            int(given.get("POSTGRES_PORT") or url.port or 5432),
        )
        prefix = given.get("POSTGRES_DATABASE_PREFIX") or PREFIX
        if password := given.get("POSTGRES_SUPERUSER_PASSWORD"):
            return cls(*where, given.get("POSTGRES_SUPERUSER") or "postgres", password, prefix)
        owner = given.get("POSTGRES_OWNER") or unquote(url.username or "") or OWNER
        return cls(*where, owner, given.get("POSTGRES_OWNER_PASSWORD") or unquote(url.password or ""), prefix)

    def connect(self, database: str = "postgres") -> "Connection":
        """Every statement commits by itself."""
        from pg8000.native import Connection, DatabaseError, InterfaceError

        where = (
            {"unix_sock": f"{self.host}/.s.PGSQL.{self.port}"}
            if self.host.startswith("/")
            else {"host": self.host}
        )
        try:
            return Connection(
                self.user, port=self.port, database=database, password=self.password, timeout=30, **where
            )
        except (DatabaseError, InterfaceError, OSError) as error:
            raise CommandFailed(
                f"PostgreSQL at {self.host}:{self.port} does not let {self.user} in to {database}: {error}"
            ) from None

    def services(self) -> list[str]:
        """Those of this checkout's services that have a database here, and the broker if it has one."""
        with self.connect() as connection:
            there = {row[0] for row in connection.run("SELECT datname FROM pg_database") or ()}
        return [name for name in wanted() if self.prefix + name in there]

    def version(self) -> int:
        """The major version."""
        with self.connect() as connection:
            return int((connection.run("SHOW server_version_num") or [[0]])[0][0]) // 10000

    def require_all_rows(self) -> None:
        """A CommandFailed when row-level security would hide rows from this role: half a backup is none."""
        if not self.may()[1]:
            raise CommandFailed(
                f"{self.user} does not see every city's rows. Name a role that does (a superuser, or one with "
                "BYPASSRLS) with POSTGRES_SUPERUSER and POSTGRES_SUPERUSER_PASSWORD."
            )

    def require_superuser(self) -> None:
        """A CommandFailed when this role cannot make databases that belong to others."""
        if not self.may()[0]:
            raise CommandFailed(
                f"{self.user} is no superuser. Name one with POSTGRES_SUPERUSER and POSTGRES_SUPERUSER_PASSWORD."
            )

    def may(self) -> tuple[bool, bool]:
        """Whether this role is a superuser, and whether it sees every row."""
        with self.connect() as connection:
            [row] = connection.run(ROLE) or [[False, False]]
            return bool(row[0]), bool(row[1])

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs against this server; a CommandFailed with its last words."""
        where = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }
        done = subprocess.run(
            [program, *arguments], env=os.environ | where, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CommandFailed(
                f"{Path(program).name} failed: {(done.stderr.strip().splitlines() or ['it gave no reason'])[-1]}"
            )


def wanted() -> list[str]:
    """The services with tables in this checkout, and the broker."""
    return [name.removeprefix(PREFIX) for name in names()]


def program(name: str, at_least: int) -> str:
    """The oldest of the installed pg_dump or pg_restore that is new enough; a CommandFailed that says what to
    install.
    """
    fitting = sorted(
        (version, path) for path in candidates(name) if (version := version_of(path)) >= at_least
    )
    if not fitting:
        raise CommandFailed(
            f"There is no {name} of version {at_least} or newer here. Debian: apt install postgresql-client-{at_least}"
        )
    return fitting[0][1]


def candidates(name: str) -> Iterator[str]:
    """From the wheel of the embedded server, the PATH, and Debian's place for several versions."""
    spec = importlib.util.find_spec(PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield from map(str, Path(location).glob(f"pginstall*/bin/{name}"))
    if found := shutil.which(name):
        yield found
    yield from map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))


def version_of(path: str) -> int:
    """The major version that a program names; 0 when it does not run here."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0
