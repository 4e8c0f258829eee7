"""An event as a message: its attributes are headers, by which the exchange finds who wants it."""

from typing import Any
from uuid import uuid4

from pika import BasicProperties

from broker.event import Event, NotAnEvent, TooLarge, checked
from broker.outcome import Tries

PERSISTENT = 2
UNREADABLE = "app.heidi.unreadable"
FAILED, WEATHER = "x-heidi-failed", "x-heidi-weather"


def properties(event: Event, tries: Tries | None = None) -> BasicProperties:
    """The message's headers; it survives a restart."""
    headers: dict[str, Any] = {"id": event.id, "source": event.source, "type": event.type, **event.attributes}
    if tries:
        headers |= {FAILED: tries.failed, WEATHER: tries.weather}
    return BasicProperties(headers=headers, delivery_mode=PERSISTENT, message_id=event.id)


def read(said: BasicProperties, body: bytes) -> Event:
    """The event in a message; NotAnEvent or TooLarge where somebody else has put something else there."""
    headers = {name: value for name, value in (said.headers or {}).items() if not name.startswith("x-")}
    if not all(isinstance(value, str) for value in headers.values()):
        raise NotAnEvent("a header is no text")
    return checked(headers, body)


def tried(said: BasicProperties) -> Tries:
    """How often it has been tried before it was put back to wait."""
    counted = (said.headers or {}).get
    return Tries(*(value if isinstance(value := counted(name), int) else 0 for name in (FAILED, WEATHER)))


def readable(said: BasicProperties, body: bytes) -> tuple[Event, str]:
    """The event; or one that holds what could not be read, and why not."""
    try:
        return read(said, body), ""
    except (NotAnEvent, TooLarge) as error:
        return Event(
            "/heidi/rabbitmq", said.message_id or str(uuid4()), UNREADABLE, {"specversion": "1.0"}, body
        ), str(error)
