"""What every function keeps, so that whoever knows one of them knows all: read from what is generated of their
records.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.generate.test_openapi import Document, document, operations
from tooling.generate.explained import of_property
from tooling.generate.words import WORDS

__all__ = ["document"]
# lists that come whole, because they are short by their nature
WHOLE = {
    "get-usage-report": "as many rows as its period has",
    "list-categories": "a tree",
    "list-devices": "as many as somebody has",
    "list-roles": "as many as there are",
    "list-salutations": "as many as there are",
    "list-tiles": "a hundred at most",
    "nearby-listings": "the nearest ones",
    "reorder-tiles": "a hundred at most",
    "set-consents": "one's own, a handful",
    "search-listings": "goes on by `offset` in its cursor",
}
# ids whose name is a role, and those that are others' names for a thing
IDS_OF_ROLES = {
    "actor",
    "impersonator",
    "revokedBy",
    "requestedBy",
    "savedBy",
    "writtenBy",
    "invitedBy",
    "by",
}
MOMENTS = {"at", "from", "to", "previousUntil", "favoriteSince", "until"}


def properties(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            yield name, field, said


def parameters(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in operations(document).items():
        for said in operation["parameters"]:
            if "$ref" not in said:
                yield name, said


def test_every_property_and_every_parameter_says_what_it_is(document: Document) -> None:
    silent = [f"{name}.{field}" for name, field, said in properties(document) if not said.get("description")]
    silent += [
        f"{name} ?{said['name']}" for name, said in parameters(document) if not said.get("description")
    ]
    assert silent == [], (
        'Field(description="…"), or the name means the same everywhere: tooling/generate/words.py'
    )


def test_no_word_is_explained_that_nobody_says(document: Document) -> None:
    said = {field for _, field, _ in properties(document)} | {
        each["name"] for _, each in parameters(document)
    }
    assert sorted(set(WORDS) - said) == []


def test_names_are_written_as_clients_write_them(document: Document) -> None:
    names = {field for _, field, _ in properties(document)} | {
        each["name"] for _, each in parameters(document)
    }
    assert {name for name in names if "_" in name or not name[0].islower()} == set()


def test_schemas_have_names_that_say_what_they_are(document: Document) -> None:
    names = document["components"]["schemas"]
    assert [name for name in names if not name.isalnum() or not name[0].isupper()] == [], (
        "two services have a class of one name: rename one, or see CLEARER in tooling/generate/schemas.py"
    )
    assert {"Kind", "Lock", "Response", "Row", "State", "Status", "Upload"} & set(names) == {"Upload"}


def kinds(said: dict[str, Any]) -> set[str]:
    return {way.get("format", "") for way in (said, *said.get("anyOf", ()))}


def test_ids_are_called_id_or_whose_they_are(document: Document) -> None:
    strange = {
        field
        for field, said in [
            *((field, said) for _, field, said in properties(document)),
            *((said["name"], said["schema"]) for _, said in parameters(document)),
        ]
        if "uuid" in kinds(said) and not (field == "id" or field.endswith(("Id", "Ids")))
    }
    assert strange <= IDS_OF_ROLES | {"category"}, "an id is `id`, or `<thing>Id`"


def test_moments_are_called_by_what_happened_then(document: Document) -> None:
    strange = {
        field
        for _, field, said in properties(document)
        if "date-time" in kinds(said) and not (field.endswith("At") or field in MOMENTS)
    }
    assert strange == set(), "a moment is `<what happened>At`"


def test_every_list_comes_in_pages_that_are_asked_for_alike(document: Document) -> None:
    lists, asked = set(), {}
    for name, operation in operations(document).items():
        answer = operation["responses"].get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
        if schema.endswith("Page"):
            lists.add(name)
            asked[name] = {said["name"] for other, said in parameters(document) if other == name}
    assert {name for name in lists if not {"limit", "cursor"} <= asked[name]} <= set(WHOLE), (
        "a list takes `limit: Limit` and `cursor: Cursor | None`, or stands in WHOLE with its reason"
    )


def test_nothing_is_said_to_be_there_because_it_has_a_default(document: Document) -> None:
    assert [f"{name}.{field}" for name, field, said in properties(document) if "default" in said] == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "boolean", "default": False}, "one's own; `false` where it is left out"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, "one's own"),
        ({"anyOf": [{"type": "string", "description": "its"}, {"type": "null"}]}, "its"),
    ],
)
def test_a_default_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    own = (
        schema
        if "anyOf" in schema and "description" in schema["anyOf"][0]
        else schema | {"description": "one's own"}
    )
    assert of_property("x", own) == {k: v for k, v in schema.items() if k != "default"} | {
        "description": words
    }
