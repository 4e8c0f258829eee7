"""The brokers' log: the same JSON lines as the functions', each with the chain that the event in hand belongs
to.
"""

import logging
from typing import Any

from broker.event import Event
from shared.telemetry.logs import StandardError, about


def start(level: str) -> None:
    """Whatever anybody in this process logs goes to standard error as our lines; once per process."""
    about.set({"service": "broker"})
    root = logging.getLogger()
    root.addHandler(StandardError())
    root.setLevel(logging.WARNING if level == "WARN" else level)
    for name in ("pika", "asyncio"):  # what they say of a lost connection, we say ourselves
        logging.getLogger(name).setLevel(logging.ERROR)


def concerning(function: str, event: Event | None = None) -> None:
    """From now on this task is about this event on its way to a function: city, chain, actor, and which
    event.
    """
    about.set({"service": "broker", "function": function, **(chain(event) if event else {})})


def chain(event: Event) -> dict[str, Any]:
    """What an event says of where it belongs."""
    said = {
        "tenantId": "tenantid",
        "userId": "actorid",
        "impersonatorId": "impersonatorid",
        "correlationId": "correlationid",
    }
    known = {ours: event.attributes[theirs] for ours, theirs in said.items() if theirs in event.attributes}
    trace = event.attributes.get("traceparent", "").split("-")
    if len(trace) == 4:  # W3C trace context: version, trace, parent, flags
        known["traceId"] = trace[1]
    return known | {"context": {"event": event.type, "eventId": event.id}}
