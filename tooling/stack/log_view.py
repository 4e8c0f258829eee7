"""What the processes wrote, as it is shown: in columns on a terminal, as JSON to a pipe."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from tooling.stack import logs
from tooling.stack.home import Home
from tooling.stack.lines import Cities, Wanted, for_people, read


def show(
    home: Home,
    name: str | None,
    lines: int,
    *,
    follow: bool,
    function: str | None,
    city: str | None,
    errors: bool,
) -> None:
    """The last lines of each log, and then, when asked, what comes; a Problem for a log or a city that does
    not exist.
    """
    chosen = logs.choose(home, name)
    cities = Cities.here()
    quiet = follow and function is None and sys.stdout.isatty()
    wanted = Wanted(function and function.replace("_", "-"), city and cities.id(city), errors, quiet)
    places = {log: log.stat().st_size for log in chosen}  # before the tails, so that nothing falls between
    for log in chosen:
        seen = [line for text in logs.tail(log, MANY) if wanted.takes(line := read(log.stem, text))]
        for line in seen[-lines:] if lines else ():
            put(line, cities)
    if quiet and not errors:
        Console(soft_wrap=True).print(Text(HIDDEN, "dim"))
    if follow:
        for stem, text in logs.lines_from(places):
            if wanted.takes(line := read(stem, text)):
                put(line, cities)


HIDDEN = (
    "Ticks that went well are hidden here; --function NAME shows those of one function, a pipe (| cat) all."
)
MANY = 100_000  # lines of a tail: all of them, before the unwanted are left out


def put(line: dict[str, Any], cities: Cities) -> None:
    """One line; flushed, because somebody is watching."""
    if sys.stdout.isatty():
        Console(highlight=False, soft_wrap=True).print(for_people(line, cities))
    else:
        print(json.dumps(line), flush=True)
