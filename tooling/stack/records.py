"""Small files about what is running, so that another command, or the next `up` after a crash, can find it."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tooling.command_failed import CommandFailed
from tooling.stack import system
from tooling.stack.home import Home
from tooling.stack.processes import signal_group, signal_one

SUPERVISOR = "supervisor"
PATIENCE = 15.0  # seconds for an orphan to stop by itself


@dataclass(frozen=True, slots=True)
class Record:
    """One process; `created` tells it from a later one with the same number."""

    name: str
    title: str
    pid: int
    created: float
    stop: int
    ports: dict[str, int]
    restarts: int = 0
    ready: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        pid: int,
        stop: int,
        ports: Mapping[str, int],
        restarts: int,
        *,
        ready: bool,
    ) -> Self:
        """For a process that runs now, or with number 0 for one that will be started again."""
        found = system.process(pid) if pid else None
        return cls(name, title, *(found or (0, 0.0)), stop, dict(ports), restarts, ready)

    def process(self) -> system.Process | None:
        """The process, if it still runs."""
        found = system.Process(self.pid, self.created)
        return found if self.pid and found.runs() else None

    def write(self, home: Home) -> None:
        """All or nothing."""
        new = home.run / f"{self.name}.new"
        new.write_text(json.dumps(asdict(self)))
        new.replace(home.run / f"{self.name}.json")


def read(home: Home) -> list[Record]:
    """Every record; a damaged one counts as none."""
    records = []
    for file in sorted(home.run.glob("*.json")):
        with suppress(OSError, ValueError, TypeError):
            records.append(Record(**json.loads(file.read_text())))
    return records


def forget(home: Home, name: str) -> None:
    """The process has ended."""
    (home.run / f"{name}.json").unlink(missing_ok=True)


@contextmanager
def holding(home: Home) -> Iterator[None]:
    """Be the one supervisor of this home; the system lets go of the lock when we die, however we die."""
    with home.lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning from None
        yield


class AlreadyRunning(Exception):
    """Another supervisor holds the lock."""


def is_held(home: Home) -> bool:
    """Whether a supervisor lives."""
    try:
        with home.lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def end_orphans(home: Home) -> list[str]:
    """Stop what a supervisor that was killed left running; their titles. Only with the lock in hand."""
    left = [
        (record, process)
        for record in read(home)
        if record.name != SUPERVISOR and (process := record.process())
    ]
    for record, _process in left:
        signal_one(record.pid, signal.Signals(record.stop))
    system.wait_for([process for _record, process in left], PATIENCE)
    for record, _process in left:
        signal_group(record.pid, signal.SIGKILL)  # their workers too
    system.wait_for([process for _record, process in left], PATIENCE)
    clear(home)
    return [record.title for record, _process in left]


def introduce(home: Home, environment: Mapping[str, str]) -> None:
    """This process is the supervisor, and these are the settings of its children."""
    write_environment(home, environment)
    Record.of(SUPERVISOR, "Supervisor", os.getpid(), signal.SIGTERM, {}, 0, ready=True).write(home)


def clear(home: Home) -> None:
    """Nothing runs any more."""
    for file in home.run.glob("*"):
        file.unlink(missing_ok=True)


def write_environment(home: Home, environment: Mapping[str, str]) -> None:
    """For the other commands: the settings that the running stack really has; readable by the owner only."""
    path = environment_file(home)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(dict(environment), file)


def read_environment(home: Home) -> dict[str, str]:
    """What `write_environment` wrote."""
    try:
        settings: dict[str, str] = json.loads(environment_file(home).read_text())
    except (OSError, ValueError):
        raise CommandFailed("The local stack is just starting or stopping: try again in a moment.") from None
    return settings


def environment_file(home: Home) -> Path:
    """Not *.json: it is no record."""
    return home.run / "environment"
