"""Whether the functions' records fit together; generators start from here, and generate nothing from what
contradicts itself.
"""

from collections.abc import Iterable

from events.privacy import ExportRequested, UserDeleted
from shared.kit.keepers import KEEPERS
from shared.kit.record import Record
from shared.runtime.registry import ROOT, RegistryError, Tick, Trigger, records, services, ticks, triggers
from tooling.declarations import misfits

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
