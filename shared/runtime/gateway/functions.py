"""The functions that live in this process: each is called through its own pipeline, and counted."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import NotFound
from shared.kit.http import Request, Response
from shared.kit.record import Record
from shared.runtime.pipeline import Function


@dataclass(slots=True)
class Deployed:
    """One function, and how often it was called; its pipeline is made when somebody calls."""

    record: Record
    invocations: int = 0
    function: Function | None = None


class Functions:
    """Calls functions by name."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self.records = records
        self.counting = threading.Lock()
        self.deployed = {name: Deployed(record) for name, record in records.items()}
        self.hears: dict[str, list[str]] = {}
        for record in records.values():
            for type_ in record.types:
                self.hears.setdefault(type_, []).append(record.name)

    def get(self, name: str) -> Deployed:
        """The function with this name; NotFound when it is not here."""
        found = self.deployed.get(name)
        if found is None:
            raise NotFound("Function", name)
        return found

    def call(self, name: str, request: Request) -> Response:
        """Call it, and count the call."""
        found = self.get(name)
        if found.function is None:
            found.function = Function(found.record)
        response = found.function(request)
        with self.counting:
            found.invocations += 1
        return response

    def listeners(self, type_: str) -> list[str]:
        """The names of those that hear events of this type, or every event."""
        return self.hears.get(type_, []) + self.hears.get("*", [])
