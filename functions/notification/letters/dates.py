"""Days and times as a reader writes them, in the city's time zone: `{{ date|day }}`, `{{ at|moment }}`."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo


def day(context: Any, value: str) -> str:
    """A day with its name (`2026-12-29`): Dienstag, 29. Dezember 2026; what is no day stays as it is."""
    from babel.dates import format_date

    try:
        return format_date(date.fromisoformat(value), "full", locale=context["reader_language"])
    except ValueError:
        return value


def moment(context: Any, value: str) -> str:
    """A moment (RFC 3339; without an offset it is UTC) as day and time; what is none stays as it is."""
    from babel.dates import format_datetime, get_timezone

    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    here = at.astimezone(ZoneInfo(context["reader_zone"]))
    zone = get_timezone(context["reader_zone"])
    return format_datetime(here, "long", tzinfo=zone, locale=context["reader_language"])
