"""Schemas as readers and generators of clients want them: every property says what it is, and what may be left
out is not called obligatory by anybody.
"""

import json
from typing import Any

from tooling.generate.words import WORDS

Schema = dict[str, Any]
NULL = {"type": "null"}


def explained(node: Any) -> Any:
    """The same, with a description for each property, and without `default`, which openapi-typescript takes
    for "always there": what a property is where it is left out stands in its description.
    """
    if isinstance(node, list):
        return [explained(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: explained(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "type" in node:
        found["properties"] = {
            name: of_property(name, explained(schema)) for name, schema in node["properties"].items()
        }
    return found


def of_property(name: str, schema: Schema) -> Schema:
    """One property, described."""
    schema = dict(schema)
    words = meaning(name, schema)
    if "default" in schema:
        default = schema.pop("default")
        if default is not None and default not in ("", [], {}):
            words = f"{words}; `{json.dumps(default, ensure_ascii=False)}` where it is left out"
    return schema | {"description": words} if words else schema


def meaning(name: str, schema: Schema) -> str:
    """What it says of itself, also as one of several that it may be; else what its name means everywhere."""
    ways = [way for way in schema.get("anyOf", ()) if way != NULL]
    own = schema.get("description") or (ways[0].get("description") if len(ways) == 1 else None)
    return own or WORDS.get(name, "")
