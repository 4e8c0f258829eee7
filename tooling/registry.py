"""All functions of the collection, found by reading the folder; the broker, gateway and generators start from
here.
"""

import importlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from shared.auth.rbac import all_permissions
from shared.function import RECORD, Misdeclared, record_of
from shared.kit.features import MODULES
from shared.kit.record import PLACEHOLDER, Record
from shared.runtime.binding import Binding

ROOT = Path(__file__).resolve().parent.parent


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
    try:
        found = [
            record_of(handler)
            for path in sorted((ROOT / "functions").rglob("*.py"), reverse=True)
            if (handler := handler_of(path)) is not None
        ]
    except Misdeclared as mistake:
        raise RegistryError(str(mistake)) from None
    if doubled := [name for name, n in Counter(record.name for record in found).items() if n > 1]:
        raise RegistryError(f"each of these names stands for two functions: {', '.join(doubled)}")
    return {record.name: record for record in sorted(found, key=lambda record: record.name)}


def handler_of(path: Path) -> Callable[..., Any] | None:
    """The function in a file whose name it bears, or None for a noun."""
    if "migrations" in path.parts or not any(
        mark in path.read_text("utf-8") for mark in ("\n@http.", "\n@on(", "\n@tick(")
    ):
        return None
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    handler = getattr(module, path.stem, None)
    if not hasattr(handler, RECORD):
        raise RegistryError(
            f"{path.relative_to(ROOT)} holds a function of another name: file and function are called the same"
        )
    return handler


def contradictions(found: Iterable[Record]) -> list[str]:
    """What must not be: two functions at one address, HTTP functions open by accident, events that nobody
    says.

    The generator refuses to generate from a collection that contradicts itself.
    """
    found = list(found)
    said = {event.type() for record in found for event in record.emits}
    routes: dict[tuple[str, str], str] = {}
    problems = []
    for record in found:
        if record.kind == "http":
            route = (record.method, record.path)
            if (other := routes.setdefault(route, record.name)) != record.name:
                problems.append(f"{record.method} {record.path} is answered twice: {other} and {record.name}")
            if not (
                record.access.permission
                or record.access.signed_in
                or record.access.public
                or record.access.internal
            ):
                problems.append(f"{record.name} has neither @requires nor public=True")
            problems += [f"{record.name}: {problem}" for problem in misfits(record)]
        unsaid = set(record.types) - said - {"*"}
        problems += [f"{record.name} waits for {type_}, which nobody emits" for type_ in sorted(unsaid)]
    return problems


def misfits(record: Record) -> Iterator[str]:
    """What would make every call fail: a placeholder that nobody reads, a module or a permission that does
    not exist.
    """
    parameters = inspect.signature(record.handler).parameters
    yield from (
        f"its path holds {{{name}}}, which is none of its parameters"
        for name in PLACEHOLDER.findall(record.path)
        if name not in parameters
    )
    if (record.form or record.any_field) and Binding.of(record).body is None:
        yield "it takes a form, and has no body"
    if record.feature and record.feature not in MODULES:
        yield f"{record.feature} is no module: {', '.join(sorted(MODULES))}"
    if record.access.permission and record.access.permission not in all_permissions():
        yield f"nobody holds the permission {record.access.permission}"


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
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/migrations"))
