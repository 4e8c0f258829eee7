"""Which row keeps which file: what a backup needs to know so that rows and files are of one moment.

A file belongs to a row by its key, or by its folder, the first two parts of the key. Of the keys that a row
names, some must be there for the row to be of use.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING
from uuid import UUID

from shared.kit.keepers import KEEPERS
from shared.stray_files import possible

if TYPE_CHECKING:
    from pg8000.native import Connection

ROWS: dict[str, str] = {
    service: import_module(f"functions.{service}.files").FILES
    for service in KEEPERS
    if find_spec(f"functions.{service}.files")
}
# of other keys nobody knows whose they are
FAMILIES = frozenset({"media", "documents", "people", "exports", "builds", "city", "modules"})
THERE = """SELECT count(*) FROM information_schema.tables
 WHERE table_schema = 'public' AND table_name = ANY (CAST(:names AS text[]))"""
Place = tuple[UUID, str]


@dataclass
class Belongings:
    """What the rows of one moment keep."""

    folders: set[Place] = field(default_factory=set)  # or whole keys
    needed: dict[Place, str] = field(default_factory=dict)  # with the service whose row names it

    def has(self, tenant: UUID, key: str) -> bool:
        """Whether a row keeps this file, or nobody could say."""
        return key.partition("/")[0] not in FAMILIES or any(
            (tenant, place) in self.folders for place in possible(key)
        )

    def missing(self, there: Iterable[Place]) -> dict[str, int]:
        """By service, how many rows are without their file."""
        lacking = self.needed.keys() - set(there)
        services = sorted(self.needed[place] for place in lacking)
        return {service: services.count(service) for service in dict.fromkeys(services)}


def belongings(reading: Mapping[str, "Connection"]) -> Belongings:
    """What they keep, as these connections see it; a database from before its tables keeps nothing."""
    found = Belongings()
    for service, query in ROWS.items():
        for tenant, folder, key in rows(reading[service], query) if service in reading else ():
            found.folders.add((UUID(str(tenant)), folder))
            if key is not None:
                found.needed[UUID(str(tenant)), key] = service
    return found


def rows(connection: "Connection", query: str) -> Iterable[list[str]]:
    """The rows, or none where the tables are not there yet."""
    names = re.findall(r"\bFROM (\w+)", query)
    [[there]] = connection.run(THERE, names=names) or [[0]]
    return (connection.run(query) or ()) if there == len(set(names)) else ()
