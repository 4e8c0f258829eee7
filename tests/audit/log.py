"""What the audit's tests are written with: events that happen, and the log behind the walls."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pg8000.native import Connection

from events.base import Event
from events.core import ListingApproved
from shared.kit.cloudevents import Envelope
from shared.kit.settings import settings
from tests.support import Answer, City, Said, deliver, deliver_together, superuser


def database() -> str:
    """The name of the audit's database."""
    return settings().postgres_database_prefix + "audit"


def said(
    city: City, event: Event, *, at: datetime | None = None, actor: UUID | None = None, **parts: str
) -> Said:
    """An event as another service would have said it."""
    envelope = Envelope(
        parts.get("id", str(uuid4())),
        "/heidi/test",
        event.type(),
        at or datetime.now(UTC),
        city.id,
        parts.get("correlation", "test"),
        str(actor or ""),
        "",
    )
    return Said("test", envelope, event.model_dump_json(by_alias=True))


def record(city: City, *events: Event | Said, **parts: Any) -> None:
    """Let the audit hear of events."""
    for event in events:
        heard = deliver(
            "record-audit-entry", event if isinstance(event, Said) else said(city, event, **parts)
        )
        assert heard.status == 204, heard.body


def record_together(*events: Said) -> Answer:
    """Let the audit hear of them in one request."""
    return deliver_together("record-audit-entry", *events)


def approved(listing: UUID | None = None) -> ListingApproved:
    """Something that happens all the time."""
    return ListingApproved(listing_id=listing or uuid4(), title="Lesecafé am Markt", contributor_id=uuid4())


def entries(city: City, query: str = "") -> list[dict[str, Any]]:
    """The log as the city's admin reads it, newest first."""
    answer = city.call("list-audit-entries", "city_admin", query=query)
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.body["items"]
    return items


def verified(city: City, query: str = "") -> dict[str, Any]:
    """What the admin is told about the chain."""
    answer = city.call("verify-audit-chain", "city_admin", query=query)
    assert answer.status == 200, answer.body
    report: dict[str, Any] = answer.body
    return report


def attempt(city: City, statement: str) -> None:
    """Try something in the audit's database as the app role, and undo it."""
    work = city.sql("audit")
    try:
        work.run(statement)
    finally:
        work.rollback()


@contextmanager
def behind_the_walls() -> Iterator[Connection]:
    """The database's own superuser, whom nothing stops."""
    with superuser(database()) as connection:
        yield connection


def canonical(value: Any) -> str:
    """An entry as it is hashed, written again from the API's description alone."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{json.dumps(key)}: {canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
