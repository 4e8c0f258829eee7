"""A CloudEvent 1.0 as the broker holds it: checked attributes in their string form, and opaque data."""

import re
from dataclasses import dataclass
from datetime import datetime

MAX_EVENT_BYTES = 1_048_576
MAX_ATTRIBUTE_BYTES = 1_024  # source and id together fit one index entry of Postgres (2,704 bytes)
MAX_ATTRIBUTES = 40  # HTTP servers commonly stop reading after 100 headers
KNOWN = frozenset(
    {
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "dataschema",
        "datacontenttype",
        "tenantid",
        "correlationid",
        "actorid",
        "impersonatorid",
        "traceparent",
    }
)
NAME = re.compile(r"[a-z0-9]{1,64}")
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
MEDIA_TYPE = re.compile(r"[!#$&^_.+\w-]+/[!#$&^_.+\w-]+(\s*;[\x20-\x7e]*)?", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
HOPS = "knativebrokerttl"  # Knative's own name: how often an answer may still become a new event
MAX_HOPS = 255


class NotAnEvent(ValueError):
    """What was sent is not a CloudEvent; the message says why."""


class TooLarge(ValueError):
    """The event, or the batch, is larger than the broker takes."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `attributes` holds everything but source, id and type."""

    source: str
    id: str
    type: str
    attributes: dict[str, str]
    data: bytes

    @property
    def hops(self) -> int:
        """How often an answer to this event may still become a new event."""
        left = self.attributes.get(HOPS, "")
        return min(int(left), MAX_HOPS) if left.isdecimal() else MAX_HOPS

    def answered_by(self, reply: "Event") -> "Event":
        """Give a reply one hop less than this event had, so that two functions cannot answer each other
        forever.
        """
        return Event(
            reply.source,
            reply.id,
            reply.type,
            {**reply.attributes, HOPS: str(max(0, self.hops - 1))},
            reply.data,
        )


def checked(attributes: dict[str, str], data: bytes) -> Event:
    """Make an event of these attributes, or raise NotAnEvent or TooLarge."""
    check_size(attributes, data)
    for name, value in attributes.items():
        if name not in KNOWN and (not NAME.fullmatch(name) or name == "data"):
            raise NotAnEvent(f"{name[:80]!r} is not an attribute's name: lower-case letters and digits only")
        if not value.isascii() or not value.isprintable() or len(value) > MAX_ATTRIBUTE_BYTES:
            check_value(name, value)
    if attributes.get("specversion") != "1.0":
        raise NotAnEvent("specversion is not 1.0")
    for required in ("id", "source", "type"):
        if not attributes.get(required):
            raise NotAnEvent(f"{required} is missing")
    check_optional(attributes)
    others = {name: value for name, value in attributes.items() if name not in ("source", "id", "type")}
    return Event(attributes["source"], attributes["id"], attributes["type"], others, data)


def check_size(attributes: dict[str, str], data: bytes) -> None:
    if len(data) > MAX_EVENT_BYTES:
        raise TooLarge(f"the event's data has {len(data)} bytes; at most {MAX_EVENT_BYTES} are taken")
    if len(attributes) > MAX_ATTRIBUTES:
        raise NotAnEvent(f"more than {MAX_ATTRIBUTES} attributes")


def check_value(name: str, value: str) -> None:
    if FORBIDDEN.search(value):
        raise NotAnEvent(f"{name} holds a control character or is not valid Unicode")
    if len(value.encode()) > MAX_ATTRIBUTE_BYTES:
        raise NotAnEvent(f"{name} is longer than {MAX_ATTRIBUTE_BYTES} bytes")


def check_optional(attributes: dict[str, str]) -> None:
    for optional in ("subject", "dataschema", "datacontenttype", "time"):
        if attributes.get(optional) == "":
            raise NotAnEvent(f"{optional} is there but empty")
    content_type = attributes.get("datacontenttype")
    if content_type is not None and not MEDIA_TYPE.fullmatch(content_type):
        raise NotAnEvent("datacontenttype is not a media type")
    time = attributes.get("time")
    if time is not None and not is_rfc3339(time):
        raise NotAnEvent("time is not an RFC 3339 time")


def is_rfc3339(text: str) -> bool:
    try:
        return bool(TIME.fullmatch(text)) and datetime.fromisoformat(text.upper()) is not None
    except ValueError:
        return False
