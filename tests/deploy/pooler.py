"""A real PgBouncer with the parameters that deploy/data gives the cluster's."""

import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.judge import documents
from tests.programs import program
from tooling.registry import ROOT
from tooling.stack import accounts, once
from tooling.stack.ports import free_port
from tooling.stack.service import Service

NEWER = {"max_prepared_statements": (1, 21)}  # parameter → the version that knows it


@dataclass(frozen=True, slots=True)
class Pooler:
    """Where one listens, and its process."""

    port: int
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """As when its node is lost."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def version() -> tuple[int, int]:
    """Of the program that is installed."""
    said = subprocess.run(
        [program("pgbouncer"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    major, minor = re.search(r"PgBouncer (\d+)\.(\d+)", said).groups()  # type: ignore[union-attr]  # no match fails, as it should
    return int(major), int(minor)


def parameters() -> dict[str, str]:
    """What the manifest says."""
    [pooler] = [
        d
        for d in documents((ROOT / "deploy/data/base/pgbouncer.yaml").read_text("utf-8"))
        if d["kind"] == "Pooler"
    ]
    said: dict[str, str] = pooler["spec"]["pgbouncer"]["parameters"] | {
        "pool_mode": pooler["spec"]["pgbouncer"]["poolMode"]
    }
    return said


def configuration(port: int, users: Path, **more: str) -> str:
    """As the operator writes it: passwords are asked of Postgres, and clients prove by SCRAM that they know
    theirs.
    """
    known = {
        name: value for name, value in (parameters() | more).items() if version() >= NEWER.get(name, (0, 0))
    }
    own = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": str(users),
        "auth_user": "postgres",
    }
    return "\n".join(
        [
            f"[databases]\n* = host=127.0.0.1 port={os.environ['POSTGRES_PORT']}",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in (own | known).items()),
            "",
        ]
    )


@contextmanager
def pooler(port: int = 0, **more: str) -> Iterator[Pooler]:
    """One that runs inside the block, not as root."""
    port, path, account = port or free_port(), program("pgbouncer"), accounts.unprivileged()
    with tempfile.TemporaryDirectory(dir=os.environ["HEIDI_TEST_RUN"], prefix="pgbouncer-") as name:
        directory = Path(name)
        users = directory / "users.txt"
        users.write_text(f'"postgres" "{os.environ["POSTGRES_SUPERUSER_PASSWORD"]}"\n')
        (directory / "pgbouncer.ini").write_text(configuration(port, users, **more))
        if account:
            accounts.give(directory, account)
        service = Service(
            name="pgbouncer",
            title="PgBouncer",
            command=[path, str(directory / "pgbouncer.ini")],
            account=account,
            directory=Path("/"),
            ready=lambda _: listens(port),
            stop=signal.SIGINT,
            patience=240,
        )
        with once.running(service, Path(os.environ["HEIDI_TEST_RUN"])) as process:
            yield Pooler(port, process)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
