"""The generated descriptions as they lie beside the program, and the part of one that is about one service."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from shared.runtime.representation import Representation

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
SERVICES = tuple(sorted(path.parent.name for path in (ROOT / "functions").glob("*/__init__.py")))
REFERENCES = re.compile(r'"#/components/(\w+)/([^"]+)"')

Document = dict[str, Any]


@lru_cache(2)
def whole(name: str) -> Representation:
    """openapi.json or asyncapi.json."""
    return Representation.of((REFERENCE / name).read_bytes())


@lru_cache(len(SERVICES))
def of_service(service: str) -> Representation:
    """What openapi.json says of one service."""
    return Representation.of(
        orjson.dumps(part(orjson.loads((REFERENCE / "openapi.json").read_bytes()), service))
    )


def part(document: Document, service: str) -> Document:
    """The addresses of one service, and of the components those that they need."""
    paths = {
        path: own
        for path, operations in document["paths"].items()
        if (own := {method: each for method, each in operations.items() if service in each["tags"]})
    }
    needed = reached(document["components"], paths)
    kept = {
        kind: {
            name: each for name, each in named.items() if (kind, name) in needed or kind == "securitySchemes"
        }
        for kind, named in document["components"].items()
    }
    return document | {
        "info": document["info"] | {"title": f"{document['info']['title']}: {service}"},
        "tags": [tag for tag in document["tags"] if tag["name"] == service],
        "paths": paths,
        "components": {kind: named for kind, named in kept.items() if named},
    }


def reached(components: Document, paths: Document) -> set[tuple[str, str]]:
    """Kind and name of every component that the addresses lead to."""
    found: set[tuple[str, str]] = set()
    waiting: list[Any] = [paths]
    while waiting:
        new = {
            (kind, name) for kind, name in REFERENCES.findall(orjson.dumps(waiting.pop()).decode())
        } - found
        found |= new
        waiting += [components[kind][name] for kind, name in new]
    return found
