"""The whole local stack, as `./heidi up` starts it, in a directory and on ports of its own: to play on, to
kill, to measure.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.request import Request, urlopen

from pg8000.native import Connection

from tooling.registry import services
from tooling.stack import control, records
from tooling.stack.home import ROOT, Home
from tooling.stack.ports import DEFAULTS, free_port
from tooling.stack.state import State

T = TypeVar("T")
PATIENCE = 240.0  # for machines that have other things to do
LOOK = 0.25  # seconds between two questions to all databases, each over a connection of its own


def eventually(look: Callable[[], T], what: str, patience: float = PATIENCE, *, every: float = 0.05) -> T:
    """What `look` gives, as soon as it gives anything; the test fails if that takes too long."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}"
        time.sleep(every)
    return found


@dataclass(frozen=True, slots=True)
class RunningStack:
    """Postgres, Redis, third parties, broker, gateway, and the supervisor that looks after them."""

    home: Home
    environment: dict[str, str]  # of the `heidi` command

    @classmethod
    @contextmanager
    def started(cls, **variables: str) -> Iterator[Self]:
        """Up inside the block and gone after it; nothing of our own environment reaches it but what every
        program needs.
        """
        with tempfile.TemporaryDirectory(prefix="heidi-test-") as directory:
            Path(directory).chmod(0o755)  # PostgreSQL runs as somebody else
            home = Home(Path(directory) / ".heidi")
            basic = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
            ports: set[str] = set()
            while len(ports) < len(DEFAULTS):
                ports.add(str(free_port()))
            stack = cls(
                home,
                basic | dict(zip(DEFAULTS, ports, strict=True)) | {"HEIDI_HOME": str(home.path)} | variables,
            )
            try:
                stack.heidi("up", "-d")
                yield stack
            finally:
                # quicker than in order
                stack.kill(*(record.name for record in records.read(home) if record.process()))
                stack.heidi("reset", "--yes")

    @property
    def gateway(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.environment['GATEWAY_PORT']}"

    @property
    def inbox(self) -> str:
        """Where mails and pushes are."""
        return f"http://127.0.0.1:{self.environment['INBOX_PORT']}"

    @property
    def broker(self) -> str:
        """Where events go."""
        return f"http://127.0.0.1:{self.environment['BROKER_PORT']}"

    def heidi(self, *arguments: str) -> str:
        """`./heidi …`: what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "tooling.cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            timeout=5 * PATIENCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def record(self, name: str) -> records.Record:
        """What the stack notes about one of its processes."""
        return next(record for record in records.read(self.home) if record.name == name)

    def kill(self, *names: str) -> None:
        """As the system would when memory runs out."""
        for pid in [self.record(name).pid for name in names]:
            os.kill(pid, signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """It stays where it is, and whoever talks to it waits, for as long as the block lasts."""
        pid = self.record(name).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def is_ready(self, *names: str) -> bool:
        """Whether these processes answer; without names all."""
        rows = [row for row in control.status(self.home) if not names or row.name in names]
        return bool(rows) and all(row.state == "ready" for row in rows)

    def wait_ready(self, *names: str) -> None:
        """Until they do; they are started again by themselves."""
        eventually(lambda: self.is_ready(*names), f"{' and '.join(names) or 'everything'} to be ready")

    def rows(self, database: str, sql: str, **values: Any) -> list[list[Any]]:
        """Rows as the superuser sees them, behind every wall."""
        password = State.read(self.home.state).secrets["postgres_superuser"]
        connection = Connection(
            "postgres",
            host="127.0.0.1",
            port=int(self.environment["POSTGRES_PORT"]),
            database=database,
            password=password,
        )
        try:
            found: list[list[Any]] = connection.run(sql, **values)
            return found
        finally:
            connection.close()

    def unpublished(self) -> int:
        """Events that are in an outbox."""
        return sum(
            self.rows(f"heidi_{service}", "SELECT count(*) FROM outbox")[0][0] for service in services()
        )

    def undelivered(self) -> int:
        """Deliveries that the broker has still to make."""
        return int(self.rows("heidi_broker", "SELECT count(*) FROM deliveries")[0][0])

    def unsent(self) -> int:
        """Messages that have been taken on and have not left yet."""
        return int(
            self.rows(
                "heidi_notification", "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')"
            )[0][0]
        )

    def end_leases(self) -> None:
        """Let what a dead process was sending go again now, instead of five minutes later."""
        self.rows(
            "heidi_notification", "UPDATE deliveries SET due_at = now() WHERE state = 'sending' RETURNING 1"
        )
        self.tick("send-deferred-messages")

    def tick(self, name: str) -> None:
        """Call one of the clock's functions now."""
        token = State.read(self.home.state).secrets["broker"]
        headers = {"Authorization": f"Bearer {token}"}
        urlopen(Request(f"{self.gateway}/function/{name}", b"", headers)).close()

    def settle(self) -> None:
        """Until every event has been published and delivered, and every message has left, with all that
        follows from it.
        """
        eventually(
            lambda: not self.unpublished() + self.undelivered(), "all events to be delivered", every=LOOK
        )
        eventually(
            lambda: not self.unpublished() + self.undelivered() + self.unsent(),
            "all messages to leave",
            3 * PATIENCE,
            every=LOOK,
        )

    def dead_letters(self) -> list[list[Any]]:
        """What could not be delivered: to whom, with which answer; kept by the platform, or still by the
        broker.
        """
        return [
            *self.rows(
                "heidi_broker", "SELECT trigger, code, reason FROM dead_letters WHERE handed_over_at IS NULL"
            ),
            *self.rows(
                "heidi_platform",
                "SELECT function, status, answer FROM dead_letters WHERE delivered_at IS NULL",
            ),
        ]

    def in_flight(self) -> int:
        """Deliveries that wait for a function's answer."""
        [line] = [
            line
            for line in urlopen(f"{self.broker}/metrics").read().decode().splitlines()
            if line.startswith("heidi_broker_in_flight ")
        ]
        return int(float(line.split()[1]))
