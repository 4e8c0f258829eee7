"""CloudEvents over HTTP: binary, structured and batch in, binary out (HTTP protocol binding 1.0.2)."""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import quote, unquote_to_bytes

import orjson

from broker.event import HOPS, Event, NotAnEvent, TooLarge, checked

PREFIX = "ce-"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH_EVENTS = 1_000
TEXTS = frozenset({"specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype"})
SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
PLAIN = re.compile(r"[!#$&-~]*")  # U+0021 to U+007E without the quote and the percent sign
JSON_TYPE = re.compile(r"[^/]+/([^;]+\+)?json\s*(;.*)?", re.ASCII | re.IGNORECASE)


class Headers(Protocol):
    """HTTP headers in which a name may occur more than once and in any case."""

    def get(self, name: str, /) -> str | None:
        """Find a header's value."""
        ...

    def items(self) -> Iterable[tuple[str, str]]:
        """Go through all headers."""
        ...


def read_events(headers: Headers, body: bytes) -> list[Event]:
    """Read what was posted in any of the three modes; raises NotAnEvent or TooLarge."""
    content_type = (headers.get("Content-Type") or "").strip()
    media_type = content_type.partition(";")[0].rstrip().lower()
    if media_type == BATCH:
        return read_batch(body)
    if media_type == "application/cloudevents+json":
        return [read_structured(read_json(body))]
    if media_type.startswith("application/cloudevents"):
        raise NotAnEvent(f"{media_type[:80]} is not read here: send JSON or binary mode")
    return [read_binary(headers, content_type, body)]


def has_event(headers: Headers) -> bool:
    """Tell an answer that means to be an event from one that doesn't."""
    if headers.get("ce-specversion") is not None:
        return True
    content_type = headers.get("Content-Type")
    return content_type is not None and content_type.lower().startswith("application/cloudevents")


def write_headers(event: Event) -> dict[str, str]:
    """Write an event's attributes as the headers of binary mode."""
    headers = {"ce-id": encode(event.id), "ce-source": encode(event.source), "ce-type": encode(event.type)}
    for name, value in event.attributes.items():
        if name == "datacontenttype":
            headers["Content-Type"] = value
        elif name != HOPS:
            headers[PREFIX + name] = encode(value)
    return headers


def write_json(event: Event) -> dict[str, Any]:
    """Write an event in the JSON format, for people and tools that look at it."""
    written = {"id": event.id, "source": event.source, "type": event.type, **event.attributes}
    if not event.data:
        return written
    if JSON_TYPE.fullmatch(event.attributes.get("datacontenttype", "application/json")):
        try:
            return {**written, "data": orjson.loads(event.data)}
        except orjson.JSONDecodeError:
            pass
    return {**written, "data_base64": base64.b64encode(event.data).decode()}


def read_binary(headers: Headers, content_type: str, body: bytes) -> Event:
    attributes: dict[str, str] = {}
    for header, value in headers.items():
        name = header.lower()
        if not name.startswith(PREFIX):
            continue
        name = name[3:]
        if name in attributes or name == "datacontenttype":
            raise NotAnEvent(f"the header ce-{name[:80]} is there twice, or belongs into Content-Type")
        attributes[name] = value if PLAIN.fullmatch(value) else decode(name, value)
    if "specversion" not in attributes:
        raise NotAnEvent("neither ce- headers nor a content type of application/cloudevents+json")
    if content_type:
        attributes["datacontenttype"] = content_type
    return checked(attributes, body)


def decode(name: str, value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeError:
        raise NotAnEvent(f"ce-{name[:80]} is not UTF-8") from None


def encode(value: str) -> str:
    return value if PLAIN.fullmatch(value) else quote(value, safe=SAFE)


def read_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(f"not JSON: {error}") from None


def read_batch(body: bytes) -> list[Event]:
    found = read_json(body)
    if not isinstance(found, list):
        raise NotAnEvent("a batch is a JSON array of events")
    if len(found) > MAX_BATCH_EVENTS:
        raise TooLarge(f"the batch has {len(found)} events; at most {MAX_BATCH_EVENTS} are taken")
    return [read_structured(each) for each in found]


def read_structured(found: Any) -> Event:
    if not isinstance(found, dict):
        raise NotAnEvent("an event is a JSON object")
    body, content_type = read_data(found)
    attributes = {
        name: as_text(name, value)
        for name, value in found.items()
        if name not in ("data", "data_base64") and value is not None
    }
    if content_type:
        attributes.setdefault("datacontenttype", content_type)
    return checked(attributes, body)


def as_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name in TEXTS or not isinstance(value, int):
        raise NotAnEvent(
            f"{name[:80]} must be a string{'' if name in TEXTS else ', an integer or a boolean'}"
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_data(found: dict[str, Any]) -> tuple[bytes, str]:
    """Take the data out of the JSON format; with the content type that it implies where none is given."""
    if "data_base64" in found:
        if "data" in found:
            raise NotAnEvent("data and data_base64 exclude each other")
        try:
            return base64.b64decode(found["data_base64"], validate=True), ""
        except (binascii.Error, TypeError, ValueError):
            raise NotAnEvent("data_base64 is not base64") from None
    if found.get("data") is None:
        return b"", ""
    data, content_type = found["data"], found.get("datacontenttype") or "application/json"
    if isinstance(data, str) and not (isinstance(content_type, str) and JSON_TYPE.fullmatch(content_type)):
        return data.encode(), ""
    try:
        return orjson.dumps(data), "application/json"
    except TypeError:
        raise NotAnEvent("data is nested too deep") from None
