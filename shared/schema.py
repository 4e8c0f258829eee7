"""What the API's bodies have in common: camelCase outside, unknown fields refused, pages of a list."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from shared.field_errors import FieldCode, wrong
from shared.kit.languages import LANGUAGES, canonical

T = TypeVar("T")
RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*")
# what counts as a space differs between regular expressions, so U+0085 is named
BLANK = r"\s\x00-\x1f\x7f-\x9f"
ATOM = rf"[^@<>,;:\"\\{BLANK}"
NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


NO_BREAK = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
EMAIL = f"^{ATOM}]+@{ATOM}]+\\.{ATOM}.]+$"
SLUG = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
WEB_ADDRESS = rf"^https?://[^/?#{BLANK}]+[^{BLANK}]*$"
COLOUR = "^#[0-9A-Fa-f]{6}$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
CLOCK_TO_MIDNIGHT = r"^([01]\d|2[0-4]):[0-5]\d$"
PHONE = r"^(\+?[0-9][0-9 ()/-]{3,38})?$"
# what a person is told instead of a regular expression
FORMS: dict[str, FieldCode] = {
    NO_CONTROL: "CONTROL_CHARACTERS",
    NO_BREAK: "CONTROL_CHARACTERS",
    EMAIL: "NOT_AN_EMAIL",
    SLUG: "NOT_A_SLUG",
    WEB_ADDRESS: "NOT_A_WEB_ADDRESS",
    COLOUR: "NOT_A_COLOUR",
    CLOCK: "NOT_A_TIME",
    CLOCK_TO_MIDNIGHT: "NOT_A_TIME",
    PHONE: "NOT_A_PHONE",
}


def line(max_length: int, min_length: int = 0) -> StringConstraints:
    """A trimmed text of one line: what becomes a subject, a title, a name."""
    return StringConstraints(
        strip_whitespace=True, min_length=min_length, max_length=max_length, pattern=NO_BREAK
    )


def text(max_length: int, min_length: int = 0) -> StringConstraints:
    """A trimmed text without control characters."""
    return StringConstraints(
        strip_whitespace=True, min_length=min_length, max_length=max_length, pattern=NO_CONTROL
    )


Line = Annotated[str, line(200, 1)]
Words = Annotated[str, text(2_000)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=EMAIL),
]
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
WebAddress = Annotated[str, StringConstraints(pattern=WEB_ADDRESS, max_length=2000)]
Colour = Annotated[str, StringConstraints(pattern=COLOUR, to_lower=True)]


def known_language(tag: str) -> str:
    """The tag that we store for a language; refused where it is not ours."""
    if (found := canonical(tag)) is None:
        raise wrong("UNKNOWN_LANGUAGE", oneOf=sorted(LANGUAGES))
    return found


def written_out(moment: Any) -> Any:
    """The moment, unless it is a number: pydantic would count it from 1970."""
    if isinstance(moment, (int, float)) or (isinstance(moment, str) and not RFC_3339.fullmatch(moment)):
        raise wrong("NOT_A_MOMENT")
    return moment


def on_the_calendar(moment: datetime) -> datetime:
    """The moment in UTC, in which we keep and show it, unless it lies outside of the years 1 to 9999 there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise wrong("OUT_OF_CALENDAR") from None


# in bodies, where numbers are no times anyway
Instant = Annotated[AwareDatetime, AfterValidator(on_the_calendar)]
Moment = Annotated[Instant, BeforeValidator(written_out)]
SPOKEN = {
    "type": "string",
    "enum": sorted(LANGUAGES),
    "description": "`dk`, `no`, `se` and regions (`de-AT`) are understood too",
}
LanguageTag = Annotated[str, AfterValidator(known_language), WithJsonSchema(SPOKEN)]


class NullRefused:
    """Refuses null where a field may be left out only, and says so in the JSON schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Looked at afterwards: what comes before takes a day in JSON for a text that is no day."""
        return no_info_after_validator_function(not_null, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The value's own schema: what a client would type as nullable is not."""
        found = handler(schema)
        given = [each for each in found.pop("anyOf", ()) if each != {"type": "null"}]
        return {**found, **given[0]} if len(given) == 1 else {**found, **({"anyOf": given} if given else {})}


def not_null(value: object) -> object:
    """The value; refused is null, which would remove what every such thing has."""
    if value is None:
        raise wrong("CANNOT_BE_REMOVED")
    return value


NotNull = Annotated[T | None, NullRefused()]
"""A change that may be left out and cannot be null: `name: NotNull[Line] = None`."""


class Schema(BaseModel):
    """A body that goes out, or comes in."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True, extra="forbid"
    )


class Page(Schema, Generic[T]):
    """One page of a list; `nextCursor` is null on the last one, `total` is there when it was asked for."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None
