"""What comes between the servers and the functions: databases, migrations, seeds; skipped when nothing has
changed.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from tooling.stack import databases, migrated
from tooling.stack.home import ROOT
from tooling.stack.postgres import Postgres
from tooling.stack.services import is_there
from tooling.stack.state import State
from tooling.stack.supervisor import Supervisor

MIGRATIONS = ("functions/*/migrations/**/*", "tooling/migrate.py", "tooling/migrate/**/*")
FUNCTIONS = ("functions/**/*.py", "events/*.py", "shared/**/*.py", "tooling/faces.py")
SEEDS = (*MIGRATIONS, "tooling/seed.py", "tooling/seed/**/*")


@dataclass(frozen=True, slots=True)
class Steps:
    """Each is recorded as soon as it is done; PostgreSQL must be ready."""

    supervisor: Supervisor
    state: State
    postgres: Postgres | None
    environment: Mapping[str, str]

    def lay_tables(self) -> None:
        """Databases and migrations, where they are due."""
        server, names, passwords = self.server(), databases.names(), databases.passwords(self.state)
        if self.is_due("databases", mark := fingerprint((), server, *names, *passwords.values())):
            self.make_databases(names, passwords)
            self.is_done("databases", mark)
        if self.is_due("migrate", mark := fingerprint(MIGRATIONS, server, *names)) and is_there(
            "tooling.migrate"
        ):
            self.run("Migrations", "migrate")
            self.is_done("migrate", mark)
            migrated.note(self.supervisor.home)
            if edited := migrated.hint(self.supervisor.home):
                self.supervisor.report.say(edited)

    def lay(self) -> None:
        """Do those that are due."""
        self.lay_tables()
        server = self.server()
        if self.is_due("functions", mark := fingerprint(FUNCTIONS, server)) and is_there("tooling.faces"):
            command = [sys.executable, "-m", "tooling.faces", str(self.supervisor.home.path)]
            self.supervisor.run("Functions", command, self.environment)
            self.is_done("functions", mark)
        if self.is_due("seed", mark := fingerprint(SEEDS, server)) and is_there("tooling.seed"):
            self.supervisor.wait(["redis", "thirdparty"])  # a seed may store pictures
            self.run("Demonstration city", "seed")
            self.is_done("seed", mark)

    def skip(self) -> None:
        """The databases came from a backup: they are made, migrated, and nobody's demonstration."""
        server, names = self.server(), databases.names()
        self.is_done("databases", fingerprint((), server, *names, *databases.passwords(self.state).values()))
        self.is_done("migrate", fingerprint(MIGRATIONS, server, *names))
        migrated.note(self.supervisor.home)
        for step in ("seed", "content"):
            self.is_done(step, fingerprint(SEEDS, server))

    def finish(self) -> None:
        """Do those that need the running functions: what the seed hands in through the API, and what to tell
        the newcomer.
        """
        if not is_there("tooling.seed"):
            return
        if self.is_due("content", mark := fingerprint(SEEDS, self.server())):
            self.run("Documents", "seed", "--through-api")
            self.is_done("content", mark)
        places = (
            self.environment["PUBLIC_URL"],
            self.environment["INBOX_PORT"],
            self.environment["THIRDPARTY_PARTS"],
        )
        welcome = self.supervisor.home.welcome
        if (
            self.is_due("welcome", mark := fingerprint(("tooling/seed/**/*",), *places))
            or not welcome.exists()
        ):
            welcome.write_text(self.run("How to log in", "welcome"))
            self.is_done("welcome", mark)

    def server(self) -> str:
        """Which one: what was done there is not done elsewhere, nor here after the data was deleted."""
        if self.postgres is None:
            return "\0".join(
                self.environment.get(name, "") for name in ("DATABASE_URL", "POSTGRES_HOST", "POSTGRES_PORT")
            )
        return f"{self.postgres.data}:{(self.postgres.data / 'PG_VERSION').stat().st_mtime_ns}"

    def is_due(self, step: str, mark: str) -> bool:
        """Whether anything has changed since it was done."""
        return self.state.done.get(step) != mark

    def is_done(self, step: str, mark: str) -> None:
        """Don't do it again."""
        self.state.done[step] = mark
        self.state.write(self.supervisor.home.state)

    def make_databases(self, names: Iterable[str], passwords: Mapping[str, str]) -> None:
        """With our own server roles too; with somebody else's only what its owner role may make."""
        report = self.supervisor.report
        report.begin("Databases")
        if self.postgres:
            databases.prepare(self.postgres, passwords, names)
        else:
            databases.prepare_elsewhere(self.environment, names)
        report.done("Databases")

    def run(self, title: str, *command: str) -> str:
        """One of our own commands, in a process of its own: what it imports shall not stay in the supervisor."""
        return self.supervisor.run(title, [sys.executable, "-m", "tooling.cli", *command], self.environment)


def fingerprint(patterns: Iterable[str], *more: str) -> str:
    """Changes when one of the files does, or one of the other words."""
    digest = sha256("\0".join(more).encode())
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
