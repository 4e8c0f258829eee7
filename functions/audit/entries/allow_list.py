"""What of an event may stay in the audit: ids, and numbers, flags and fixed words by an allow-list; never
what a person wrote.

A field that nobody has put on a list here is not kept: names, addresses, titles, reasons, tokens have no way
in, nor have nested objects. Of a row that changed, the settings of a city are kept as a whole (SETTINGS),
because the log says what they became; of what lies in some of them only parts (PARTS), because others name
people.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shared.kit import ids
from shared.kit.record import camel
from shared.kit.timestamps import timestamp

Shape = Callable[[Any], bool]
IDS = re.compile(r"id|[a-z][A-Za-z0-9]{0,60}(Ids?|By)")  # listingId, mediaIds, requestedBy
WORDS = frozenset(
    {
        "kind",
        "type",
        "status",
        "state",
        "channel",
        "channels",
        "template",
        "platform",
        "platforms",
        "language",
        "languages",
        "role",
        "roles",
        "feature",
        "features",
        "scope",
        "change",
        "purpose",
        "service",
        "how",
    }
)
NUMBERS = frozenset({"version", "count", "size", "buildNumber", "termsVersion", "rows"})
FLAGS = frozenset({"pending", "active", "enabled", "draft", "mandatory", "granted", "guest"})
# Columns that are kept with all that is in them, words too: what a city's staff decide or publish, by entity.
# What citizens write
# has no place here, nor has whom somebody names as a contact, nor a word about a person (why a listing was
# rejected).
SETTINGS: dict[str, frozenset[str]] = {
    "city": frozenset(
        {
            "name",
            "state",
            "time_zone",
            "lat",
            "lon",
            "theme",
            "website",
            "header_key",
            "logo_key",
            "federal_state",
            "holiday_groups",
            "own_holidays",
            "quotas",
        }
    ),
    "app": frozenset({"name", "bundle_id", "origins", "redirects"}),
    "app_config": frozenset({"config"}),
    "category": frozenset({"names", "icon"}),
    "tile": frozenset({"titles", "descriptions", "link", "icon"}),
    "listing": frozenset(
        {"slug", "title", "summary", "description", "address", "lat", "lon", "opening_hours", "tags", "media"}
    ),
    "media": frozenset({"licence"}),
    "document": frozenset({"title", "url"}),
}
# What stays of the objects in such a column: a picture's author, and whom its alternative text shows, do not.
# Tested in
# tests/audit/test_changes.py, where every other column that can hold objects has its reason to be kept whole.
PARTS = {("listing", "media"): frozenset({"id", "licence"})}
LICENCE = re.compile(r"(?i)CC[ -]?(0|zero|BY(-(SA|NC|ND)){0,2})([ -]\d\.\d)?([ -][A-Z]{2})?|public domain")
TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?")
WORD = re.compile(r"(?=.{1,40}\Z)[a-z][a-z0-9]*([_.:-][a-z0-9]+)*")


def is_id(value: Any) -> bool:
    """Whether this is an id of ours; an id that an app or a person has chosen may say something about them."""
    return isinstance(value, str) and ids.is_id(value)


def is_word(value: Any) -> bool:
    """Whether this can be a word of the program: no blanks, no capitals, nothing that an address or a name
    needs.
    """
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def is_number(value: Any) -> bool:
    """Whether this is a whole number that every reader of JSON reads alike (RFC 8259 §6)."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def is_flag(value: Any) -> bool:
    """Whether this is true or false."""
    return isinstance(value, bool)


def shape_of(key: str) -> Shape | None:
    """What a field of this name has to look like; None for one that is not kept."""
    named = {WORDS: is_word, NUMBERS: is_number, FLAGS: is_flag}
    return next(
        (shape for keys, shape in named.items() if key in keys), is_id if IDS.fullmatch(key) else None
    )


def kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a payload that stays; a list stays only when all of it may."""
    return {
        key: value
        for key, value in data.items()
        if (fits := shape_of(key)) and all(map(fits, value if isinstance(value, list) else [value]))
    }


def kept_of_change(entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What may stay of a row's shown columns: what is plain, and whole settings; tables show only what is no
    person's.
    """
    return {
        camel(key): settled(in_part(value, PARTS.get((entity, key))))
        for key, value in values.items()
        if stays(entity, key, value)
    }


def stays(entity: str, key: str, value: Any) -> bool:
    """Whether a column's value is kept: a setting, or what is plain."""
    if key == "licence":
        return is_licence(value)
    return key in SETTINGS.get(entity, ()) or all(
        map(is_plain, value if isinstance(value, list) else [value])
    )


def in_part(value: Any, parts: frozenset[str] | None) -> Any:
    """Of each object in a list these parts; all of it where no parts are named."""
    if parts is None:
        return value
    return [
        {key: part for key, part in each.items() if key in parts and (key != "licence" or is_licence(part))}
        for each in value or ()
    ]


def is_licence(value: Any) -> bool:
    """Whether this names a licence that everybody knows; one in somebody's own words says whose the picture
    is.
    """
    return isinstance(value, str) and LICENCE.fullmatch(value) is not None


def settled(value: Any) -> Any:
    """The value as every reader of JSON reads it alike (RFC 8259 §6): numbers that some would round become
    text, times end with `Z`.
    """
    if isinstance(value, dict):
        return {key: settled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [settled(part) for part in value]
    if isinstance(value, str) and "T" in value and is_time(value):
        return timestamp(datetime.fromisoformat(value))
    return (
        str(value) if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53) else value
    )


def is_plain(value: Any) -> bool:
    """Whether this is an id, a word of the program, a number, a flag, a time or nothing."""
    return not value or any(fits(value) for fits in (is_id, is_word, is_number, is_flag, is_time))


def is_time(value: Any) -> bool:
    """Whether this is a time as Postgres writes it."""
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def subject_of(action: str, data: Mapping[str, Any]) -> tuple[str, str | None]:
    """What an event is about, from what is kept of it: `listing.approved` with a `listingId` is about that
    listing.

    Where the event's name does not say it, the first id does: `role.changed` with a `userId` is about that
    user.
    """
    ids = {snake(key.removesuffix("Id")): value for key, value in data.items() if key.endswith("Id")}
    *words, _verb = action.replace("-", "_").split(".")
    named = next((word for word in reversed(words) if word in ids), next(iter(ids), None))
    return (named, ids[named]) if named else (words[-1] if words else action, None)


def snake(name: str) -> str:
    """`appConfig` as events and resources write it: `app_config`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
