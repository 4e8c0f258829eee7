"""All functions of the collection, found by reading the folder: what serves many of them, the broker and the
generators start from here.
"""

import importlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from shared.function import RECORD, Misdeclared, record_of
from shared.kit.keepers import KEEPERS
from shared.kit.record import Record
from shared.runtime.entry import ALL

ROOT = Path(__file__).resolve().parents[2]
# what makes a file's function a deployed one
MARKS = ("\n@http.", "\n@on(", "\n@tick(", " = eraser(", " = exporter(")
DOORS = ("\n@requires(", "\n@signed_in")


class Trigger(NamedTuple):
    """A function that wants events of one type; `*` is every type."""

    name: str
    type: str
    batches: bool = False
    outward: bool = False


class Tick(NamedTuple):
    """A function that is called by the clock."""

    name: str
    cron: str


class RegistryError(Exception):
    """The collection contradicts itself; the message names each contradiction."""


@lru_cache(1)
def records() -> dict[str, Record]:
    """Every function's record by its deployed name, sorted; `contradictions` says whether they fit together."""
    return records_of(ALL)


def records_of(target: str) -> dict[str, Record]:
    """Those in one folder of functions/, as FUNCTION_TARGET names it: `core`, `core.listings`; or all."""
    folder = ROOT.joinpath("functions", *([] if target == ALL else target.split(".")))
    try:
        found = [
            record_of(handler)
            for path in sorted(folder.rglob("*.py"), reverse=True)
            if (handler := handler_of(path)) is not None
        ]
    except Misdeclared as mistake:
        raise RegistryError(str(mistake)) from None
    if doubled := [name for name, n in Counter(record.name for record in found).items() if n > 1]:
        raise RegistryError(f"each of these names stands for two functions: {', '.join(doubled)}")
    return {record.name: record for record in sorted(found, key=lambda record: record.name)}


def handler_of(path: Path) -> Callable[..., Any] | None:
    """The function in a file whose name it bears, or None for a noun."""
    if "migrations" in path.parts:
        return None
    text = path.read_text("utf-8")
    if (marks := sum(map(text.count, MARKS))) != 1:
        refuse_what_would_vanish(path, text, marks)
        return None
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    handler = getattr(module, path.stem, None)
    if not hasattr(handler, RECORD):
        raise RegistryError(
            f"{path.relative_to(ROOT)} holds a function of another name: file and function are called the same"
        )
    return handler


def refuse_what_would_vanish(path: Path, text: str, marks: int) -> None:
    """A file that holds more functions than the one that is found by its name, or one that nothing calls."""
    if marks:
        raise RegistryError(f"{path.relative_to(ROOT)} holds {marks} functions: each has a file of its own")
    if any(mark in text for mark in DOORS):
        raise RegistryError(
            f"{path.relative_to(ROOT)} says who may call, and not how: write @http.get(…) above"
        )


def triggers() -> list[Trigger]:
    """Which function hears which event."""
    return [
        Trigger(record.name, type_, record.batches, record.outward)
        for record in records().values()
        for type_ in record.types
    ]


def ticks() -> list[Tick]:
    """Which function is called when."""
    return [Tick(r.name, r.cron) for r in records().values() if r.cron]


def services() -> list[str]:
    """The services that own a database: those with migrations."""
    return list(KEEPERS)
