"""What the supervisor needs to know of one long-running process."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tooling.stack.accounts import Account
from tooling.stack.home import ROOT

PATIENCE = 30.0


def nothing() -> None:
    """Most services need no preparation."""


@dataclass(frozen=True, slots=True)
class Service:
    """A command, how to tell that it is ready, and how to stop it; `name` is also its log's."""

    name: str
    title: str
    command: Sequence[str]
    ready: Callable[[int], bool]  # given the process id
    ports: tuple[str, ...] = ()  # variables of ports.py
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    directory: Path = ROOT
    stop: signal.Signals = signal.SIGTERM
    patience: float = PATIENCE  # seconds until ready, and until stopped
    before: Callable[[], None] = nothing  # at every start: tidy up after a crash
    follows: Path | None = None  # a file with whose every change it begins anew
    trouble: str = "Its log says more: ./heidi logs {name}"

    def full_environment(self) -> dict[str, str]:
        """Ours with the service's on top; unbuffered, so that the log is there when a process is killed."""
        return {**os.environ, "PYTHONUNBUFFERED": "1", **self.environment}
