"""The way to the broker: many events in one request where it says that it takes that, else some requests at a
time.

A broker that takes batches says so in each answer: `Accept-Post: application/cloudevents-batch+json` (W3C
Linked Data Platform §7.1; CloudEvents HTTP binding §3.3). Knative's ingress says nothing, and gets one event
a request over kept-alive connections.
"""

import json
import queue
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import TYPE_CHECKING

from shared.events import backlog
from shared.events.line import WITHIN, Line
from shared.kit.cloudevents import BATCH
from shared.peers import service_tokens
from shared.telemetry.spans import Publishing

if TYPE_CHECKING:
    from shared.events.outbox import Outgoing

MANY = 500  # events a request
MANY_BYTES = 4 * 1024 * 1024
AT_A_TIME = 8  # requests, to a broker that takes one event each,
PROMPT = 0.5  # where it would take longer, in seconds, to send what waits one after the other
ANSWERS_WITHIN = WITHIN  # seconds; and so long it is gone on with more requests
AWAY = 0  # instead of a status: no answer
REFUSED = frozenset({400, 404, 409, 413, 415, 422})  # the broker will never take this


class Post:
    """Sends events to the broker, for one thread."""

    def __init__(self) -> None:
        self.takes_batches = False
        self.lines: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self.threads: ThreadPoolExecutor | None = None

    def send(self, events: Sequence["Outgoing"]) -> list[int]:
        """The broker's status for each event; what was not sent, for want of an answer or of time, is AWAY."""
        told: list[int] = []
        began = time.monotonic()
        while len(told) < len(events) and (took := time.monotonic() - began) < ANSWERS_WITHIN:
            rest = events[len(told) :]
            is_slow = told and took / len(told) * len(rest) > PROMPT
            group = first(rest) if self.takes_batches else rest[: AT_A_TIME if is_slow else 1]
            answers = (
                self.together(group) if self.takes_batches and len(group) > 1 else self.side_by_side(group)
            )
            told += answers
            if any(status not in REFUSED and not 200 <= status < 300 for status in answers):
                break
        return told + [AWAY] * (len(events) - len(told))

    def together(self, events: Sequence["Outgoing"]) -> list[int]:
        """All in one request; where that is refused as a whole, each for itself, so that only the wrong one
        is.
        """
        said = [Publishing(event.envelope) for event in events]
        body = b"[" + b",".join(map(structured, said, events)) + b"]"
        status = self.posted(body, {"content-type": BATCH})
        if status in REFUSED:
            self.takes_batches = False  # until it says again that it does
            return self.side_by_side(events)
        for one in said:
            one.ended(status)
        return [status] * len(events)

    def side_by_side(self, events: Sequence["Outgoing"]) -> list[int]:
        """Each in a request of its own."""
        if len(events) == 1:
            return [self.alone(events[0])]
        self.threads = self.threads or ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="post")
        return list(self.threads.map(self.alone, events))

    def alone(self, event: "Outgoing") -> int:
        """One event in binary mode."""
        publishing = Publishing(event.envelope)
        status = self.posted(event.data, publishing.headers())
        publishing.ended(status or 503)
        return status

    def posted(self, body: bytes, headers: dict[str, str]) -> int:
        """Over a connection that nobody else is using."""
        try:
            line = self.lines.get_nowait()
        except queue.Empty:
            line = Line()
        answer = line.post(body, headers | {"authorization": f"Bearer {service_tokens.publishing()}"})
        self.lines.put(line)
        return self.heard(*answer) if answer else AWAY

    def heard(self, status: int, headers: dict[str, str]) -> int:
        """What the broker says of itself; its status."""
        if 200 <= status < 300:
            self.takes_batches = BATCH in headers.get("accept-post", "")
            backlog.note(headers.get("x-heidi-behind"))
        return status

    def close(self) -> None:
        """Give all connections up."""
        if self.threads:
            self.threads.shutdown()
        while not self.lines.empty():
            self.lines.get().close()


def structured(said: Publishing, event: "Outgoing") -> bytes:
    """The event in the JSON format; its data is JSON already."""
    attributes = {"specversion": "1.0", "datacontenttype": "application/json"} | said.attributes()
    return json.dumps(attributes).encode()[:-1] + (b',"data":' + event.data if event.data else b"") + b"}"


def first(events: Sequence["Outgoing"]) -> Sequence["Outgoing"]:
    """As many as one request may hold; at least one."""
    sizes = accumulate(len(event.data) + 1_000 for event in events[:MANY])
    return events[: max(1, sum(size <= MANY_BYTES for size in sizes))]
