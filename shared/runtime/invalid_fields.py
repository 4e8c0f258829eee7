"""What pydantic finds wrong, in our own words: `{field, code, limits}` for each field, all of them at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.field_errors import FieldCode, sentences
from shared.schema import FORMS

MOST = 100  # fields that are told of
QUOTED = re.compile(r"'((?:[^'\\\\]|\\\\.)*)'")
Limits = dict[str, Any]
# pydantic's name of what is wrong → ours, and what it calls the limits → what JSON Schema calls them
NAMES: dict[str, tuple[FieldCode, dict[str, str]]] = {
    "missing": ("REQUIRED", {}),
    "union_tag_not_found": ("REQUIRED", {}),
    "missing_argument": ("REQUIRED", {}),
    "extra_forbidden": ("UNKNOWN_FIELD", {}),
    "string_too_short": ("TOO_SHORT", {"min_length": "minLength"}),
    "string_too_long": ("TOO_LONG", {"max_length": "maxLength"}),
    "too_short": ("TOO_FEW", {"min_length": "minItems"}),
    "too_long": ("TOO_MANY", {"max_length": "maxItems"}),
    "greater_than_equal": ("TOO_SMALL", {"ge": "minimum"}),
    "less_than_equal": ("TOO_LARGE", {"le": "maximum"}),
    "greater_than": ("NOT_GREATER", {"gt": "exclusiveMinimum"}),
    "less_than": ("NOT_LESS", {"lt": "exclusiveMaximum"}),
    "enum": ("NOT_ONE_OF", {"expected": "oneOf"}),
    "literal_error": ("NOT_ONE_OF", {"expected": "oneOf"}),
    "union_tag_invalid": ("NOT_ONE_OF", {"expected_tags": "oneOf"}),
    "timezone_naive": ("NOT_A_MOMENT", {}),
    "timezone_aware": ("NOT_A_MOMENT", {}),
    "int_from_float": ("NOT_WHOLE", {}),
    "finite_number": ("NOT_A_NUMBER", {}),
    "none_required": ("NOT_VALID", {}),
}
# and those that go by how their name begins
FAMILIES: dict[str, FieldCode] = {
    "string_": "NOT_TEXT",
    "int_": "NOT_WHOLE",
    "float_": "NOT_A_NUMBER",
    "decimal_": "NOT_A_NUMBER",
    "bool_": "NOT_BOOLEAN",
    "uuid_": "NOT_AN_ID",
    "datetime_": "NOT_A_MOMENT",
    "date_": "NOT_A_DATE",
    "time_": "NOT_A_TIME",
    "url_": "NOT_A_WEB_ADDRESS",
    "bytes_": "NOT_BASE64",
    "list_": "NOT_A_LIST",
    "tuple_": "NOT_A_LIST",
    "set_": "NOT_A_LIST",
    "dict_": "NOT_AN_OBJECT",
    "mapping_": "NOT_AN_OBJECT",
    "model_": "NOT_AN_OBJECT",
}


def told(error: ValidationError, given: Any, place: str) -> list[dict[str, Any]]:
    """Every field that is wrong, once; `given` is what was sent, `place` stands for all of it."""
    if isinstance(given, bytes):
        given = parsed(given)
    by_field: dict[str, dict[str, Any]] = {}
    for each in error.errors(include_url=False, include_input=False):
        field = ".".join(steps(each["loc"], given, missing=each["type"] == "missing"))[:200] or place
        if field not in by_field and len(by_field) < MOST:
            code, limits = described(each["type"], each.get("ctx", {}))
            by_field[field] = {"field": field, "code": code, "limits": limits}
    return list(by_field.values())


def parsed(text: bytes) -> Any:
    """What the JSON says; nothing where only pydantic can read it."""
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def steps(loc: Sequence[Any], given: Any, *, missing: bool) -> Iterator[str]:
    """The names on the way to a field: those that were sent, and the one that was not; without pydantic's
    own words for the ways that a value may be read.
    """
    node = given
    for number, step in enumerate(loc):
        try:
            node = {}[step] if isinstance(node, str) else node[step]  # of a text, no letter is a field
        except (LookupError, TypeError):
            if not (missing and number == len(loc) - 1):
                continue
        yield str(step)


def described(type_: str, context: Mapping[str, Any]) -> tuple[str, Limits]:
    """Our code, and the limits by the names that JSON Schema has for them."""
    if type_ in sentences():  # a validator of ours has said it
        return type_, dict(context)
    if type_ == "string_pattern_mismatch":
        pattern = context["pattern"]
        return (FORMS[pattern], {}) if pattern in FORMS else ("WRONG_FORM", {"pattern": pattern})
    if type_ in NAMES:
        code, names = NAMES[type_]
        return code, {new: listed(context[old]) for old, new in names.items() if old in context}
    family = next((code for start, code in FAMILIES.items() if type_.startswith(start)), "NOT_VALID")
    return family, {}


def listed(limit: Any) -> Any:
    """A limit; `'a', 'b' or 'c'` as a list."""
    return QUOTED.findall(limit) or [limit] if isinstance(limit, str) else limit
