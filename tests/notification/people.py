"""People and devices as the notification service hears of them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from events.auth import UserCreated
from shared.kit.cloudevents import Envelope
from tests.support import City, Said, deliver


def tell(city: City, function: str, event: Any, *, at: datetime | None = None) -> None:
    """Deliver an event that another service would have said, now or at some time."""
    envelope = Envelope(str(uuid4()), "/test", event.type(), at or datetime.now(UTC), city.id, "test", "", "")
    assert deliver(function, Said("test", envelope, event.model_dump_json(by_alias=True))).status == 204


def settle_in(city: City, role: str, language: str = "de") -> str:
    """Make a person of this role known to the notification service; their address."""
    address = f"{role}-{city.tenant.slug}@example.org"
    tell(
        city,
        "remember-recipient",
        UserCreated(user_id=city.person(role), email=address, language=language, roles=[role]),
    )
    return address
