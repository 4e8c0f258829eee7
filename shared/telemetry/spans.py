"""What is told of an invocation, of a question to another function and of an event on its way:
OpenTelemetry's names for it.

Nothing of a person is in it: no user, no address, no query. Who that was is in the log, under the same trace
id.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Problem
from shared.kit.cloudevents import Envelope
from shared.kit.http import Request
from shared.kit.record import Record
from shared.kit.settings import settings
from shared.telemetry.access_log import METHODS
from shared.telemetry.logs import about
from shared.telemetry.trace import PARENT, Span, Trace, current

IDENTITY = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)
Attributes = dict[str, str | int]


def are_exported() -> bool:
    """Whether anybody wants to have them."""
    return settings().otel_exporter_otlp_endpoint is not None


def invocation(record: Record, request: Request, status: int, trace: Trace, problem: Problem | None) -> None:
    """Export what this invocation did, when its trace is sampled, or when it went wrong."""
    if trace.sampled or status >= 500:
        name, kind, attributes = described(record, request)
        said = about.get()
        attributes |= facts(said["correlationId"], said.get("tenantId"))
        attributes |= {"faas.name": record.name, "http.response.status_code": status}
        export(
            *trace.pieces,
            Span(
                name,
                kind,
                trace.trace_id,
                trace.span_id,
                trace.parent_id,
                trace.began,
                time.time_ns(),
                error_type(status, problem),
                record.service,
                record.name,
                attributes,
            ),
        )


def described(record: Record, request: Request) -> tuple[str, str, Attributes]:
    """Name, kind and attributes, by what called the function."""
    if record.kind == "http":
        method = request.method if request.method in METHODS else "_OTHER"
        return (
            f"{method} {record.public_path}",
            "SERVER",
            {"faas.trigger": "http", "http.request.method": method, "http.route": record.public_path},
        )
    if record.kind == "tick":
        return f"tick {record.name}", "INTERNAL", {"faas.trigger": "timer", "faas.cron": record.cron}
    heard = request.header("ce-type")
    heard = heard if heard in record.types or "*" in record.types else "_OTHER"
    return (
        f"process {heard}",
        "CONSUMER",
        {"faas.trigger": "pubsub", **message("process", heard, request.header("ce-id")[:100])},
    )


def message(operation: str, type_: str, event_id: str) -> Attributes:
    """What is said of an event."""
    return {
        "messaging.system": "cloudevents",
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": type_,
        "messaging.message.id": event_id,
    }


def facts(correlation_id: str, tenant_id: str | None) -> Attributes:
    """What is said of everything: the chain, and the city where there is one."""
    return {"heidi.correlation.id": correlation_id, **({"heidi.tenant.id": tenant_id} if tenant_id else {})}


def error_type(status: int, error: Exception | None) -> str:
    """What went wrong: a problem's code, or an exception's class; empty when nothing did."""
    if status < 500:
        return ""
    if isinstance(error, Problem):
        return error.origin or error.code
    return type(error).__name__ if error else str(status)


@contextmanager
def question(path: str, host: str) -> Iterator[dict[str, str]]:
    """A question to another function; gives the headers with which it stays in this trace."""
    trace = current.get()
    if trace is None:
        yield {}
        return
    span_id, began, error = os.urandom(8).hex(), time.time_ns(), ""
    try:
        yield {"traceparent": trace.child(span_id), "X-Correlation-ID": trace.correlation_id}
    except Exception as failure:
        error = error_type(500, failure)
        raise
    finally:
        route = IDENTITY.sub("{id}", path.partition("?")[0])
        trace.pieces.append(
            Span(
                f"GET {route}",
                "CLIENT",
                trace.trace_id,
                span_id,
                trace.span_id,
                began,
                time.time_ns(),
                error,
                trace.service,
                trace.function,
                {"http.request.method": "GET", "url.template": route, "server.address": host},
            )
        )


class Publishing:
    """An event on its way out: a span from when it was said until the broker has it, so that waiting in the
    outbox is seen.

    The outbox keeps the traceparent of whoever said it; only what is sent names this span, as the parent of
    the consumers'.
    """

    def __init__(self, envelope: Envelope) -> None:
        found = PARENT.fullmatch(envelope.traceparent) if are_exported() else None
        self.envelope, self.found = envelope, found if found and int(found[3], 16) & 1 else None
        self.span_id = os.urandom(8).hex() if self.found else ""

    def headers(self) -> dict[str, str]:
        """The event's headers, as the broker gets them."""
        return self.envelope.headers() | {f"ce-{name}": value for name, value in self.own().items()}

    def attributes(self) -> dict[str, str]:
        """The event's attributes, as the broker gets them in a batch."""
        return self.envelope.attributes() | self.own()

    def own(self) -> dict[str, str]:
        """This span, instead of that of whoever said it."""
        return {"traceparent": f"00-{self.found[1]}-{self.span_id}-01"} if self.found else {}

    def ended(self, status: int) -> None:
        """The broker has answered; an event that it has not taken is sent again, and told of then."""
        if self.found and status < 300:
            said = self.envelope
            service = said.source.removeprefix("/heidi/").partition("/")[0]
            export(
                Span(
                    f"send {said.type}",
                    "PRODUCER",
                    self.found[1],
                    self.span_id,
                    self.found[2],
                    int(said.time.timestamp() * 1e9),
                    time.time_ns(),
                    "",
                    service,
                    "outbox",
                    message("send", said.type, said.id) | facts(said.correlation_id, str(said.tenant_id)),
                )
            )


def export(*spans: Span) -> None:
    """Hand spans to the thread that exports them."""
    if are_exported():
        from shared.telemetry.otlp import exporter

        exporter().take(spans)
