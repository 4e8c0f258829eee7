"""Ask about the running stack, stop it, delete it."""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tooling.command_failed import CommandFailed
from tooling.stack import probes, processes, records, system
from tooling.stack.environment import POSTGRES, ours
from tooling.stack.home import Home
from tooling.stack.services import MODULES

PATIENCE = 60.0  # seconds for an orderly stop


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `status`."""

    name: str
    state: str
    pid: int | None
    ports: Mapping[str, int]
    since: float
    restarts: int

    def told(self) -> dict[str, object]:
        """For programs."""
        return {
            "process": self.name,
            "state": self.state,
            "ports": dict(self.ports),
            "pid": self.pid,
            "seconds": round(self.since),
            "restarts": self.restarts,
        }


def status(home: Home) -> list[Row]:
    """What runs and whether it answers; nothing when there is no supervisor."""
    found = sorted(records.read(home), key=lambda record: record.created)
    return [row(record) for record in found] if records.is_held(home) else []


def row(record: records.Record) -> Row:
    """Ask the process, then its port."""
    if record.process() is None:
        return Row(record.name, "restarting", None, record.ports, 0.0, record.restarts)
    state = ("ready" if answers(record) else "not answering") if record.ready else "starting"
    return Row(record.name, state, record.pid, record.ports, time.time() - record.created, record.restarts)


def answers(record: records.Record) -> bool:
    """By HTTP where it speaks it; for the others the supervisor has found out."""
    for module in MODULES:
        if record.name == module.name:
            return probes.http_ready(record.ports[module.port], module.path)
    return True


def stop(home: Home) -> bool:
    """Stop the supervisor and everything it started; False if nothing ran."""
    if not records.is_held(home):
        return end_orphans(home)
    supervisor = next(
        (record.process() for record in records.read(home) if record.name == records.SUPERVISOR), None
    )
    if supervisor is None:
        raise CommandFailed("The local stack is just starting or stopping: try again in a moment.")
    processes.signal_one(supervisor.pid, signal.SIGTERM)
    if system.wait_for([supervisor], PATIENCE):
        processes.signal_one(supervisor.pid, signal.SIGKILL)
        system.wait_for([supervisor], PATIENCE)
        end_orphans(home)
    return True


def end_orphans(home: Home) -> bool:
    """What a supervisor that was killed left; True if there was anything."""
    if not home.lock.exists():
        return False
    with records.holding(home):
        return bool(records.end_orphans(home))


def running_environment(home: Home | None = None, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings of the running stack, or none but the given when somebody else's PostgreSQL is named in
    them.
    """
    home = home or Home.here()
    if records.is_held(home):
        return records.read_environment(home)
    if not ours(POSTGRES, given):
        return {}
    raise CommandFailed("The local stack is not running: ./heidi up -d starts it.")
