"""Tables on the terminal."""
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from tooling.stack.control import Row

COLOURS = {"ready": "green", "starting": "yellow", "restarting": "red", "not answering": "red"}


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Without lines, so that it can be cut and grepped."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, soft_wrap=True).print(table)


def print_status(rows: Sequence[Row]) -> None:
    """One line per process."""
    if not rows:
        print("HEIDI is not running: ./heidi up -d starts it.")
        return
    print_table(("process", "state", "ports", "pid", "for", "restarts"), [
        (row.name, f"[{COLOURS[row.state]}]{row.state}[/]", " ".join(map(str, row.ports.values())), str(row.pid or ""),
         duration(row.since), str(row.restarts)) for row in rows])


def duration(seconds: float) -> str:
    """`3 h 12 min`, as one says it."""
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"
