"""All functions of the collection, found by reading the folder; the broker, gateway and generators start from here."""
import importlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from shared.function import RECORD, record_of
from shared.record import Record

ROOT = Path(__file__).resolve().parent.parent


class Trigger(NamedTuple):
    """A function that wants events of one type; `*` is every type."""

    name: str
    type: str


class Tick(NamedTuple):
    """A function that is called by the clock."""

    name: str
    cron: str


class RegistryError(Exception):
    """The collection contradicts itself; the message names each contradiction."""


@lru_cache(1)
def records() -> dict[str, Record]:
    """Every function's record by its deployed name, sorted; RegistryError when two share a name or a route."""
    found = [record_of(handler) for path in sorted((ROOT / "functions").rglob("*.py"))
             if (handler := handler_of(path)) is not None]
    by_name = {record.name: record for record in sorted(found, key=lambda record: record.name)}
    problems = contradictions(found)
    if problems:
        raise RegistryError("\n".join(problems))
    return by_name


def handler_of(path: Path) -> Callable[..., Any] | None:
    """The function in a file whose name it bears, or None for a noun."""
    if "migrations" in path.parts or not any(mark in path.read_text("utf-8") for mark in ("\n@http.", "\n@on(", "\n@tick(")):
        return None
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    handler = getattr(module, path.stem, None)
    return handler if hasattr(handler, RECORD) else None


def contradictions(found: list[Record]) -> list[str]:
    """What must not be: doubled names or routes, HTTP functions open by accident, events that nobody says."""
    said = {event.type() for record in found for event in record.emits}
    names: dict[str, str] = {}
    routes: dict[tuple[str, str], str] = {}
    problems = []
    for record in found:
        if (other := names.setdefault(record.name, record.module)) != record.module:
            problems.append(f"{record.name} is defined twice: {other} and {record.module}")
        if record.kind == "http":
            route = (record.method, record.path)
            if (other := routes.setdefault(route, record.name)) != record.name:
                problems.append(f"{record.method} {record.path} is answered twice: {other} and {record.name}")
            if not (record.access.permission or record.access.signed_in or record.access.public or record.access.internal):
                problems.append(f"{record.name} has neither @requires nor public=True")
        if record.event and record.event.topic != "*" and record.event.type() not in said:
            problems.append(f"{record.name} waits for {record.event.type()}, which nobody emits")
    return problems


def triggers() -> list[Trigger]:
    """Which function hears which event."""
    return [Trigger(r.name, r.event.topic if r.event.topic == "*" else r.event.type()) for r in records().values() if r.event]


def ticks() -> list[Tick]:
    """Which function is called when."""
    return [Tick(r.name, r.cron) for r in records().values() if r.cron]


def services() -> list[str]:
    """The services that own a database: those with migrations."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/migrations"))
