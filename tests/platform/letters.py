"""Dead letters as the broker's sink brings them, and as operators read them."""

import base64
from typing import Any
from uuid import uuid4

from shared.kit.settings import settings
from tests.support import Answer, City, call

DESTINATION = "http://internal-gateway-events.heidi-prod.svc.cluster.local/events/send-email"


def dead(city: City, data: bytes = b'{"notificationId": "n"}', **attributes: str) -> dict[str, str]:
    """The headers of a dead letter about something in a city."""
    said = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/heidi/core",
        "type": "app.heidi.notification.requested",
        "time": "2026-11-25T10:00:00+00:00",
        "tenantid": str(city.id),
        "knativeerrordest": DESTINATION,
        "knativeerrorcode": "503",
        "knativeerrordata": base64.b64encode(b'{"error":{"code":"UNAVAILABLE"}}').decode(),
    } | attributes
    return {f"ce-{name}": value for name, value in said.items() if value}


def keep(headers: dict[str, str], data: bytes = b'{"notificationId": "n"}') -> Answer:
    return call(
        "keep-dead-letter",
        path="/",
        method="POST",
        body=data,
        token=settings().broker_token.get_secret_value(),
        headers=headers,
    )


def listed(city: City, query: str = "") -> list[dict[str, Any]]:
    """An operator's list, of this city's letters."""
    body = city.call("list-dead-letters", "super_admin", query=f"limit=100&{query}").body
    return [item for item in body["items"] if item["tenantId"] == str(city.id)]
