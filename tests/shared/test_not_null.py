"""A change may leave a field out, and cannot take away what every such thing has."""

import pytest
from pydantic import ValidationError

from shared.schema import Line, NotNull, Schema
from tooling.generate.schemas import Schemas


class Changes(Schema):
    name: NotNull[Line] = None
    note: Line | None = None


def test_what_is_left_out_stays() -> None:
    assert Changes.model_validate({}).model_dump(exclude_unset=True) == {}


def test_null_is_refused_with_the_field_and_the_reason() -> None:
    with pytest.raises(ValidationError, match="CANNOT_BE_REMOVED") as refused:
        Changes.model_validate({"name": None, "note": None})
    assert [error["loc"] for error in refused.value.errors()] == [("name",)]


def test_the_value_is_checked_as_it_always_is() -> None:
    assert Changes.model_validate({"name": " Bad "}).name == "Bad"
    with pytest.raises(ValidationError, match="at least 1 character"):
        Changes.model_validate({"name": " "})


def test_clients_see_that_it_may_be_left_out_and_not_that_it_may_be_null() -> None:
    (schema,) = Schemas({"changes": (Changes, "validation")}).components.values()
    assert schema.get("required", []) == []
    assert schema["properties"]["name"]["type"] == "string"
    assert "default" not in schema["properties"]["name"]
    assert {"type": "null"} in schema["properties"]["note"]["anyOf"]
