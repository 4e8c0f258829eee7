"""Whether the functions' records fit together; generators start from here, and generate nothing from what
contradicts itself.
"""

import inspect
from collections.abc import Iterable, Iterator

from events.privacy import ExportRequested, UserDeleted
from shared.auth.rbac import all_permissions
from shared.kit.features import MODULES
from shared.kit.keepers import KEEPERS
from shared.kit.record import PLACEHOLDER, Record
from shared.live import LIFE
from shared.runtime.binding import Binding
from shared.runtime.registry import ROOT, RegistryError, Tick, Trigger, records, services, ticks, triggers

__all__ = [
    "ROOT",
    "RegistryError",
    "Tick",
    "Trigger",
    "contradictions",
    "records",
    "services",
    "ticks",
    "triggers",
    "unkept",
]
# what every service with a database answers, and what for
KEEPING = {UserDeleted: "erase_{}_data", ExportRequested: "export_{}_data"}


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


def unkept(found: Iterable[Record], keepers: Iterable[str] = KEEPERS) -> list[str]:
    """Services with a database that would leave behind, or not hand out, what they hold about people."""
    hearing = {(record.service, event) for record in found for event in record.events}
    return [
        f"{service} has a database, and nothing in it hears {event.__name__}: write functions/{service}/{file}"
        for service in keepers
        for event, name in KEEPING.items()
        if (service, event) not in hearing and (file := f"{name.format(service)}.py")
    ]


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
    if record.threads and (record.method != "GET" or record.timeout <= LIFE):
        yield f"it streams, so it is a GET whose timeout is longer than the {LIFE:.0f} seconds of a stream"
    if (record.form or record.any_field) and Binding.of(record).body is None:
        yield "it takes a form, and has no body"
    if record.feature and record.feature not in MODULES:
        yield f"{record.feature} is no module: {', '.join(sorted(MODULES))}"
    if record.access.permission and record.access.permission not in all_permissions():
        yield f"nobody holds the permission {record.access.permission}"
