"""What can be wrong with one field: a stable code, the limits that were missed, a sentence in ten languages.

raise wrong("EITHER_OR", one="plan", other="quotas")   # in a validator: told beside what else is wrong
raise ValidationFailed.of("mediaId", "UNKNOWN_REFERENCE", id=media_id)   # in a handler
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError

SENTENCES = Path(__file__).with_suffix(".json")  # code → language → sentence
FieldCode = Literal[
    "CANNOT_BE_REMOVED",
    "CONTRAST_LOW",
    "CONTROL_CHARACTERS",
    "EITHER_OR",
    "EMPTY_FILE",
    "HAS_GAPS",
    "INSTALLED_APP_FIELDS",
    "NAMED_ALREADY",
    "NEEDS_OTHER",
    "NOTHING_VISIBLE",
    "NOT_AN_EMAIL",
    "NOT_AN_ID",
    "NOT_AN_OBJECT",
    "NOT_A_COLOUR",
    "NOT_A_DATE",
    "NOT_A_HOST",
    "NOT_A_LIST",
    "NOT_A_MOMENT",
    "NOT_A_NUMBER",
    "NOT_A_PHONE",
    "NOT_A_SLUG",
    "NOT_A_TIME",
    "NOT_A_WEB_ADDRESS",
    "NOT_BASE64",
    "NOT_BOOLEAN",
    "NOT_GREATER",
    "NOT_LESS",
    "NOT_ONE_OF",
    "NOT_RANDOM",
    "NOT_RECENT",
    "NOT_TEXT",
    "NOT_VALID",
    "NOT_WGS84",
    "NOT_WHOLE",
    "NO_CONSENT",
    "NO_USER_NAMES",
    "ONLY_HTTPS",
    "ORIGIN_ONLY",
    "OUT_OF_CALENDAR",
    "REQUIRED",
    "RESERVED",
    "SAME_TIMES",
    "TOO_FEW",
    "TOO_LARGE",
    "TOO_LONG",
    "TOO_MANY",
    "TOO_SHORT",
    "TOO_SMALL",
    "TWICE",
    "UNKNOWN_FIELD",
    "UNKNOWN_LANGUAGE",
    "UNKNOWN_REFERENCE",
    "UNKNOWN_TIME_ZONE",
    "WEB_APP_FIELDS",
    "WRONG_FORM",
]


def wrong(code: FieldCode, **limits: Any) -> "PydanticCustomError":
    """What a validator raises; `limits` fill the sentence, and are told to programs."""
    from pydantic_core import PydanticCustomError

    return PydanticCustomError(code, code, limits)


def found(field: str, code: FieldCode, **limits: Any) -> dict[str, Any]:
    """One field's error, without its sentence: that is chosen when it is known who reads it."""
    return {"field": field, "code": code, "limits": limits}


def sentence(code: str, language: str, limits: Mapping[str, Any]) -> str:
    """What a person is told."""
    from shared.i18n import Blank

    texts = sentences()[code]
    shown = {
        name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        for name, value in limits.items()
    }
    return texts.get(language, texts["en"]).format_map(Blank(shown))


@lru_cache(1)
def sentences() -> dict[str, dict[str, str]]:
    """All sentences, read once, when something is wrong for the first time."""
    import orjson

    read: dict[str, dict[str, str]] = orjson.loads(SENTENCES.read_bytes())
    return read
