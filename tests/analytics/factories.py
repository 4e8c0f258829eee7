"""Apps that say what is used in them, and clocks that strike."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from shared.kit.settings import settings
from tests.support import City, call

INSERT = """INSERT INTO events (tenant_id, id, name, at, visitor_id, listing_id, screen, platform, language)
 VALUES (:tenant, :id, 'listing_viewed', :at, :visitor, :listing, 'detail', 'ios', 'de') RETURNING 1"""
ROWS = """SELECT id, name, at, visitor_id, listing_id, category_id, screen, platform, language FROM events ORDER BY at, id"""


def event(**fields: Any) -> dict[str, Any]:
    """What an app says."""
    return {
        "id": str(uuid4()),
        "name": "screen_viewed",
        "at": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
        "visitorId": str(uuid4()),
    } | fields


def track(city: City, *events: dict[str, Any], role: str = "", **fields: Any):
    """The answer to a batch of somebody who has agreed."""
    return city.call("track-events", role, body={"consent": True, "events": list(events)} | fields)


def happened(city: City, at: datetime, **fields: Any) -> None:
    """Something that an app has said at that time."""
    values = {"id": uuid4(), "visitor": uuid4(), "listing": uuid4()} | fields
    city.rows("analytics", INSERT, tenant=city.id, at=at, **values)


def stored(city: City) -> list[list[Any]]:
    """Everything that is held of a city's events."""
    return city.rows("analytics", ROWS)


def strike(name: str, at: datetime | None = None) -> None:
    """Let the clock call a function."""
    due = (at or datetime.now(UTC)).isoformat()
    done = call(
        name, path="/", token=settings().broker_token.get_secret_value(), headers={"x-heidi-tick": due}
    )
    assert done.status == 204, done.body
