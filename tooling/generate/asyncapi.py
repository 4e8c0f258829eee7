"""docs/reference/asyncapi.json: AsyncAPI 3 for what the services say to each other."""

import json
from collections.abc import Mapping
from typing import Any

from events.base import Event
from shared.kit.docstrings import first
from shared.kit.record import Record
from tooling.generate.common import GENERATED, VERSION
from tooling.generate.schemas import Schemas

Document = dict[str, Any]
ABOUT = f"""CloudEvents 1.0 over HTTP in binary mode, at least once; every consumer takes an event once, by source and id.
Fields are only ever added, each with a default; consumers ignore those that they do not know. {GENERATED}"""
HEADERS: Document = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-tenantid"],
    "properties": {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string"},
        "ce-type": {"type": "string"},
        "ce-source": {"type": "string", "description": "`/heidi/<service>`"},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-tenantid": {"type": "string", "format": "uuid", "description": "The city that it is about."},
        "ce-correlationid": {"type": "string", "description": "Of the call that began it all."},
        "ce-actorid": {"type": "string", "description": "Who caused it; empty for nobody in particular."},
        "ce-impersonatorid": {
            "type": "string",
            "description": "Who acted in the actor's name; mostly not there.",
        },
        "ce-traceparent": {"type": "string", "description": "W3C trace context."},
    },
}


def document(records: Mapping[str, Record]) -> Document:
    """The whole description."""
    events = {event.type(): event for record in records.values() for event in record.emits}
    schemas = Schemas({type_: (event, "serialization") for type_, event in sorted(events.items())})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "HEIDI's events", "version": VERSION, "description": ABOUT},
        "defaultContentType": "application/json",
        "channels": {key(type_): channel(type_, event) for type_, event in sorted(events.items())},
        "operations": operations(records, sorted(events)),
        "components": {
            "messages": {
                event.__name__: message(event, schemas[type_]) for type_, event in sorted(events.items())
            },
            "messageTraits": {"cloudEvent": {"headers": HEADERS}},
            "schemas": schemas.components,
        },
    }


def render(records: Mapping[str, Record]) -> str:
    """The description as a file."""
    return json.dumps(document(records), indent=1, ensure_ascii=False) + "\n"


def key(type_: str) -> str:
    """A channel's name: the type without our prefix."""
    return type_.removeprefix("app.heidi.")


def channel(type_: str, event: type[Event]) -> Document:
    """One type of event; the address is what triggers filter by."""
    reference = {"$ref": f"#/components/messages/{event.__name__}"}
    return {"address": type_, "summary": summary(event), "messages": {event.__name__: reference}}


def message(event: type[Event], payload: Document) -> Document:
    """One event's payload."""
    return {
        "name": event.type(),
        "title": event.__name__,
        "summary": summary(event),
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": payload,
    }


def summary(event: type[Event]) -> str:
    """An event in its own words."""
    return first(event.__doc__)


def operations(records: Mapping[str, Record], said: list[str]) -> Document:
    """Which function says what, and which hears it."""
    found: Document = {}
    for record in records.values():
        for event in record.emits:
            found[f"{record.name}.says.{event.topic}"] = operation("send", record, event.type())
        for type_ in said if "*" in record.types else record.types:
            found[f"{record.name}.hears.{key(type_)}"] = operation("receive", record, type_)
    return found


def operation(action: str, record: Record, type_: str) -> Document:
    """One function and one type."""
    channel_name = key(type_).replace("~", "~0").replace("/", "~1")
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel_name}"},
        "summary": record.summary,
        "tags": [{"name": record.service}],
    }
