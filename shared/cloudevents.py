"""CloudEvents 1.0 over HTTP, binary mode: the one file that knows the wire format.

The extensions are `tenantid`, `correlationid`, `actorid`, `impersonatorid` and `traceparent`. Header values are
percent-encoded as the HTTP binding says (CloudEvents HTTP binding §3.1.3.2).
"""
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from shared.errors import Invalid
from shared.http import Request

SOURCE = "/heidi/"
ATTRIBUTES = ("specversion", "id", "source", "type", "time", "tenantid", "correlationid", "actorid", "impersonatorid",
              "traceparent")
KEEP = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '"%')


class NotAnEvent(Invalid):
    message = "This is not a CloudEvent in binary mode: {problem}"


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

    def headers(self) -> dict[str, str]:
        """The ce- headers of binary mode."""
        attributes = {"id": self.id, "source": self.source, "type": self.type, "time": self.time.isoformat(),
                      "tenantid": str(self.tenant_id), "correlationid": self.correlation_id, "actorid": self.actor_id,
                      "impersonatorid": self.impersonator_id, "traceparent": self.traceparent}
        encoded = {f"ce-{name}": quote(value, safe=KEEP) for name, value in attributes.items() if value}
        return {"ce-specversion": "1.0", "content-type": "application/json"} | encoded


def parse(request: Request) -> Envelope:
    """The envelope of a delivered event; NotAnEvent says what is missing or malformed."""
    value = {name: unquote(request.header(f"ce-{name}")) for name in ATTRIBUTES}
    missing = [name for name in ("specversion", "id", "source", "type", "time", "tenantid") if not value[name]]
    if missing:
        raise NotAnEvent(problem=f"missing {', '.join('ce-' + name for name in missing)}")
    if any(len(part) > 1000 or re.search(r"[\x00-\x1f]", part) for part in value.values()):
        raise NotAnEvent(problem="an attribute is too long or holds control characters")
    try:
        return Envelope(value["id"], value["source"], value["type"], datetime.fromisoformat(value["time"]),
                        UUID(value["tenantid"]), value["correlationid"], value["actorid"], value["traceparent"],
                        value["impersonatorid"])
    except ValueError as error:
        raise NotAnEvent(problem=str(error)) from None


def attributes(row: dict[str, Any]) -> Envelope:
    """The envelope of an outbox row."""
    return Envelope(**row)
