"""Read, follow and shorten what the processes print."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tooling.command_failed import CommandFailed
from tooling.stack.home import Home
from tooling.stack.records import SUPERVISOR

LARGEST = 50_000_000  # bytes; one older file of that size is kept
TAIL = 100_000  # bytes read from the end
FOLLOW_EVERY = 0.2


def shorten(home: Home) -> None:
    """Keep the older part in `.1` and go on in an empty file: its writer has it open for appending."""
    for log in home.logs.glob("*.log"):
        with suppress(OSError):
            if log.stat().st_size > LARGEST:
                older = log.with_suffix(".1")
                older.unlink(missing_ok=True)
                copy(log, older)
                os.truncate(log, 0)


def copy(source: Path, target: Path) -> None:
    """Inside the kernel where it can; readable by the same people."""
    import shutil

    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def tail(log: Path, lines: int) -> list[str]:
    """The last lines; none if there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            return file.read().decode(errors="replace").splitlines()[-lines:] if lines else []
    except OSError:
        return []


def since(log: Path, start: int) -> str:
    """What was written after `start`."""
    with log.open("rb") as file:
        file.seek(start)
        return file.read(TAIL).decode(errors="replace")


def last_line(log: Path, start: int) -> str:
    """The last line written since `start`, short enough for a progress line."""
    try:
        with log.open("rb") as file:
            file.seek(max(start, log.stat().st_size - 2000))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:70] if lines else ""


def choose(home: Home, name: str | None) -> list[Path]:
    """The log of that name, or all; a CommandFailed that lists the names."""
    there = sorted(home.logs.glob("*.log"))
    chosen = [log for log in there if name in {None, log.stem}]
    if not chosen:
        if not there:
            raise CommandFailed("There are no logs yet: ./heidi up makes some.")
        if name == SUPERVISOR:
            raise CommandFailed(
                "The supervisor writes to the terminal in which ./heidi up runs; ./heidi up -d gives it a log."
            )
        raise CommandFailed(f"There is no log of {name}; there are: {', '.join(log.stem for log in there)}.")
    return chosen


def follow(logs: list[Path]) -> Iterator[tuple[str, str]]:
    """Name and line, as they are written from now on, for ever."""
    return lines_from({log: log.stat().st_size for log in logs})


def lines_from(places: dict[Path, int]) -> Iterator[tuple[str, str]]:
    """From these places on; a file that was shortened is read from its new beginning."""
    rests = dict.fromkeys(places, b"")
    while True:
        for log, place in places.items():
            with suppress(OSError), log.open("rb") as file:
                file.seek(place if place <= log.stat().st_size else 0)
                chunk = file.read()
                places[log] = file.tell()
                *whole, rests[log] = (rests[log] + chunk).split(b"\n")
                yield from ((log.stem, line.decode(errors="replace")) for line in whole)
        time.sleep(FOLLOW_EVERY)
