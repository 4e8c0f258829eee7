"""What is logged while a test runs, as whoever reads the log sees it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.telemetry.logs import Outlet, log

Line = dict[str, Any]


class Lines(Outlet):
    """Keeps every line as text."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def put(self, function: str, line: bytes) -> None:  # noqa: ARG002 (the line says it)
        self.texts.append(line.decode())

    def of(self, logger: str) -> list[Line]:
        """The lines of one of our loggers."""
        return [line for line in map(json.loads, self.texts) if line["logger"] == logger]

    @property
    def calls(self) -> list[Line]:
        """One a call."""
        return self.of("heidi.calls")

    @property
    def events(self) -> list[Line]:
        """One a change of state."""
        return self.of("heidi.events")


@contextmanager
def said(level: int = logging.INFO) -> Iterator[Lines]:
    """The lines of our loggers from this level on."""
    found, before = Lines(), log.level
    log.addHandler(found)
    log.setLevel(level)
    try:
        yield found
    finally:
        log.removeHandler(found)
        log.setLevel(before)


@contextmanager
def logger_kept() -> Iterator[None]:
    """Whatever the block makes of the house's logger, it is as it was afterwards (a level set past setLevel
    stays in its cache).
    """
    level, propagate, handlers = log.level, log.propagate, log.handlers[:]
    try:
        yield
    finally:
        log.setLevel(level)
        log.propagate, log.handlers = propagate, handlers
