"""What records say about themselves, for tests that hold for functions which are not written yet."""

from enum import Enum
from typing import Any, Literal, cast, get_args, get_origin

import pytest
from pydantic import BaseModel

from shared.kit.http import Json
from shared.kit.record import PLACEHOLDER, Record, camel
from shared.runtime.binding import Binding
from tests.support import City, call
from tooling.registry import records

HTTP = [record for record in records().values() if record.kind == "http"]
OUTSIDE = [record for record in HTTP if not record.access.internal]
WRITES = [record for record in OUTSIDE if record.method != "GET"]
GUARDED = [record for record in OUTSIDE if not record.access.public]
NOWHERE = "00000000-0000-4000-8000-000000000000"
by_name: dict[str, Any] = {"ids": lambda value: value.name if isinstance(value, Record) else str(value)}


def present(*names: str) -> Record:
    """The first of these functions, where it is there."""
    found = next((records()[name] for name in names if name in records()), None)
    return found or pytest.skip(f"there is no {' or '.join(names)} yet")


def body_model(record: Record) -> type[BaseModel] | None:
    """What a function takes as its body."""
    binding = Binding.of(record)
    model: Any = binding.body._type if binding.body else None
    return cast("type[BaseModel] | None", model)


def fields_of(annotation: Any, seen: frozenset[Any] = frozenset()) -> set[str]:
    """The names, as clients write them, of all fields in a type and in what it holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        found = set()
        for name, field in annotation.model_fields.items():
            found |= {field.alias or camel(name)} | fields_of(field.annotation, seen | {annotation})
        return found
    return set().union(*(fields_of(part, seen) for part in get_args(annotation)))


def taken(record: Record) -> set[str]:
    """Everything that a caller can say to a function: path, query and body."""
    parameters = Binding.of(record).parameters
    return fields_of(body_model(record)) | (fields_of(parameters) if parameters else set())


def given(record: Record) -> set[str]:
    """Everything that a function's answer can hold."""
    returns = Binding.of(record).returns
    return fields_of(get_args(returns)[0] if get_origin(returns) is Json else returns)


def path_of(record: Record) -> str:
    """The function's address with valid words for what is one of a few, and with ids of nothing."""
    parameters = Binding.of(record).parameters
    words = (
        {name: word(field.annotation) for name, field in parameters.model_fields.items()}
        if parameters
        else {}
    )
    return PLACEHOLDER.sub(lambda hole: words[hole[1]], record.path)


def word(annotation: Any) -> str:
    """The first of a few words; an id where it is none of a few."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return str(next(iter(annotation)).value)
    return str(get_args(annotation)[0]) if get_origin(annotation) is Literal else NOWHERE


def status(record: Record, city: City, role: str = "", **parts: Any) -> int:
    """What a caller with this role is answered to an empty request."""
    got = call(
        record.name,
        path=path_of(record),
        token=city.token(role) if role else "",
        tenant="" if record.tenantless else city.tenant.slug,
        body={} if record.method != "GET" else None,
        **parts,
    )
    return got.status
