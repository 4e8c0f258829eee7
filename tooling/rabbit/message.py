"""An event as a message: its attributes are headers, by which the exchange finds who wants it."""

import base64
from uuid import uuid4

from pika import BasicProperties

from tooling.broker.event import Event, NotAnEvent, TooLarge, checked
from tooling.broker.outcome import Outcome

PERSISTENT = 2
ANSWER_BYTES = 700  # of what a function said; in base64 that fits an attribute
UNREADABLE = "app.heidi.unreadable"


def properties(event: Event) -> BasicProperties:
    """The message's headers; it survives a restart."""
    headers = {"id": event.id, "source": event.source, "type": event.type, **event.attributes}
    return BasicProperties(headers=headers, delivery_mode=PERSISTENT, message_id=event.id)


def read(said: BasicProperties, body: bytes) -> Event:
    """The event in a message; NotAnEvent or TooLarge where somebody else has put something else there."""
    headers = {name: value for name, value in (said.headers or {}).items() if not name.startswith("x-")}
    if not all(isinstance(value, str) for value in headers.values()):
        raise NotAnEvent("a header is no text")
    return checked(headers, body)


def readable(said: BasicProperties, body: bytes) -> tuple[Event, str]:
    """The event; or one that holds what could not be read, and why not."""
    try:
        return read(said, body), ""
    except (NotAnEvent, TooLarge) as error:
        return Event(
            "/heidi/rabbitmq", said.message_id or str(uuid4()), UNREADABLE, {"specversion": "1.0"}, body
        ), str(error)


def buried(event: Event, destination: str, outcome: Outcome) -> Event:
    """The same event with what Knative says of a failure: where, with which status, and what was answered."""
    failure = {
        "knativeerrordest": destination,
        "knativeerrorcode": str(outcome.code or 500),
        "knativeerrordata": base64.b64encode(outcome.reason.encode()[:ANSWER_BYTES]).decode(),
    }
    return Event(event.source, event.id, event.type, event.attributes | failure, event.data)
