"""Tables on the terminal."""

import json
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tooling.stack.control import Row

COLOURS = {"ready": "green", "starting": "yellow", "restarting": "red", "not answering": "red"}
WIDE = 250  # columns where there is no terminal: for grep and cut


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Without lines, so that it can be cut and grepped; what a cell holds is shown, never obeyed."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(table)


def print_json(found: object) -> None:
    """For programs; in ASCII, so that a terminal has nothing to obey here, either."""
    print(json.dumps(found, indent=2))


def printable(text: str) -> str:
    """What other people's servers said may hold a terminal's control characters."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def print_status(rows: Sequence[Row]) -> None:
    """One line per process."""
    if not rows:
        print("HEIDI is not running: ./heidi up -d starts it.")
        return
    print_table(
        ("process", "state", "ports", "pid", "for", "restarts"),
        [
            (
                row.name,
                Text(row.state, COLOURS[row.state]),
                " ".join(map(str, row.ports.values())),
                str(row.pid or ""),
                duration(row.since),
                str(row.restarts),
            )
            for row in rows
        ],
    )


def duration(seconds: float) -> str:
    """`3 h 12 min`, as one says it."""
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"
