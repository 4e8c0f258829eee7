"""CloudEvents 1.0 over HTTP, in binary mode and in structured mode: the one file that knows the wire format.

The extensions are `tenantid`, `correlationid`, `actorid`, `impersonatorid` and `traceparent`. Header values
are percent-encoded as the HTTP binding says (CloudEvents HTTP binding §3.1.3.2).
"""

import io
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from shared.errors import Invalid
from shared.kit.http import JSON, Request

SOURCE = "/heidi/"
ATTRIBUTES = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "tenantid",
    "correlationid",
    "actorid",
    "impersonatorid",
    "traceparent",
)
KEEP = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


class NotAnEvent(Invalid):
    message = "This is not a CloudEvent: {problem}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is said about an event, apart from its data."""

    id: str
    source: str
    type: str
    time: datetime
    tenant_id: UUID
    correlation_id: str
    actor_id: str
    traceparent: str
    impersonator_id: str = ""

    def attributes(self) -> dict[str, str]:
        """What is said, by the names of CloudEvents."""
        said = {
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time.isoformat(),
            "tenantid": str(self.tenant_id),
            "correlationid": self.correlation_id,
            "actorid": self.actor_id,
            "impersonatorid": self.impersonator_id,
            "traceparent": self.traceparent,
        }
        return {name: value for name, value in said.items() if value}

    def headers(self) -> dict[str, str]:
        """The ce- headers of binary mode."""
        encoded = {f"ce-{name}": quote(value, safe=KEEP) for name, value in self.attributes().items()}
        return {"ce-specversion": "1.0", "content-type": "application/json"} | encoded


def parse(request: Request) -> Envelope:
    """The envelope of a delivered event; NotAnEvent says what is missing or malformed."""
    value = {name: unquote(request.header(f"ce-{name}")) for name in ATTRIBUTES}
    missing = [
        name for name in ("specversion", "id", "source", "type", "time", "tenantid") if not value[name]
    ]
    if missing:
        raise NotAnEvent(problem=f"missing {', '.join('ce-' + name for name in missing)}")
    if any(len(part) > 1000 or re.search(r"[\x00-\x1f]", part) for part in value.values()):
        raise NotAnEvent(problem="an attribute is too long or holds control characters")
    try:
        return Envelope(
            value["id"],
            value["source"],
            value["type"],
            datetime.fromisoformat(value["time"]),
            UUID(value["tenantid"]),
            value["correlationid"],
            value["actorid"],
            value["traceparent"],
            value["impersonatorid"],
        )
    except ValueError as error:
        raise NotAnEvent(problem=str(error)) from None


def in_binary_mode(request: Request, limit: int) -> Request:
    """The same event in binary mode where it came in structured mode; NotAnEvent when it is none.

    OpenFaaS' connectors post a message as they found it, under its topic and whatever content type: never
    with ce- headers.
    """
    from_connector = request.header("x-topic") and not request.header("ce-specversion")
    if request.content_type != STRUCTURED and not from_connector:
        return request
    return as_binary(parsed(request.body(limit)), request)


def of_batch(request: Request, limit: int) -> list[Request]:
    """The events of a batch, each in binary mode; NotAnEvent when one of them is none."""
    import orjson

    try:
        events = orjson.loads(request.body(limit))
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(problem=f"it is not JSON: {error}") from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise NotAnEvent(problem="it is not an array of JSON objects")
    return [as_binary(event, request) for event in events]


def as_binary(event: dict[str, Any], request: Request) -> Request:
    """An event in the JSON format, as if this request had brought it in binary mode."""
    said = {name: event[name] for name in ATTRIBUTES if event.get(name) is not None}
    if not all(isinstance(value, str) for value in said.values()):
        raise NotAnEvent(problem="an attribute is not a string")
    data = data_of(event)
    plain = {name: value for name, value in request.environ.items() if not name.startswith("HTTP_CE_")}
    headers = {f"HTTP_CE_{name.upper()}": quote(value, safe=KEEP) for name, value in said.items()}
    return Request(
        plain
        | headers
        | {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(data)), "wsgi.input": io.BytesIO(data)},
        request.path,
    )


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object that an event in structured mode is."""
    import orjson

    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(problem=f"it is not JSON: {error}") from None
    if not isinstance(event, dict):
        raise NotAnEvent(problem="it is not a JSON object")
    return event


def data_of(event: dict[str, Any]) -> bytes:
    """The data of an event in structured mode, as binary mode carries it; none is no data."""
    import orjson

    try:
        if "data_base64" in event:
            return b64decode(event["data_base64"], validate=True)
        return orjson.dumps(event["data"]) if event.get("data") is not None else b""
    except (TypeError, ValueError) as error:  # not base64, or nested too deep
        raise NotAnEvent(problem=f"its data cannot be read: {error}") from None


def attributes(row: dict[str, Any]) -> Envelope:
    """The envelope of an outbox row."""
    return Envelope(**row)
