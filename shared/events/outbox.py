"""Events leave in the transaction that changed the data, and are published right after its commit.

What a crash leaves behind is found by the sweep (functions/platform/sweep_outbox.py).
"""

import logging
import queue
import threading
import time
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from shared.db.pg import pool
from shared.db.sql import Sql
from shared.errors import Unavailable
from shared.kit.cloudevents import Envelope

HOLDS = 4.0  # seconds that the publisher has for an event before it begins to send it
# seconds after which a row is the sweep's: HOLDS, twice what shared/events/publisher.py waits, and the deletion
PATIENCE = 12.0
MOST_BYTES = 32 * 1024 * 1024  # in the publisher's memory
TOGETHER = 500
INSERT = """INSERT INTO outbox (id, tenant_id, type, source, time, correlation_id, actor_id, impersonator_id, traceparent, data,
 written_at) VALUES (:id, :tenant_id, :type, :source, :time, :correlation_id, :actor_id, :impersonator_id, :traceparent, :data,
 clock_timestamp())"""
DELETE = "DELETE FROM outbox WHERE id = ANY(CAST(:ids AS uuid[]))"
log = logging.getLogger("heidi.outbox")


class Outgoing(NamedTuple):
    """One event on its way from a service's outbox to the broker."""

    database: str
    envelope: Envelope
    data: bytes


def write(sql: Sql, outgoing: Outgoing) -> None:
    """Put the event into the transaction; it travels with the commit."""
    e = outgoing.envelope
    sql.queue(
        INSERT,
        id=e.id,
        tenant_id=str(e.tenant_id),
        type=e.type,
        source=e.source,
        time=e.time.isoformat(),
        correlation_id=e.correlation_id,
        actor_id=e.actor_id,
        impersonator_id=e.impersonator_id,
        traceparent=e.traceparent,
        data=outgoing.data.decode(),
    )


class Publisher:
    """A thread that posts committed events to the broker and then deletes their outbox rows, many at a time.

    It holds an event for HOLDS seconds at most: what it has not begun to send by then, and what finds its
    queue full, is the sweep's, which takes nothing younger than PATIENCE. So no event is sent by both.
    """

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[tuple[float, Outgoing]] = queue.SimpleQueue()
        self.bytes, self.lock = 0, threading.Lock()
        threading.Thread(target=self.work, name="publisher", daemon=True).start()

    def take(self, event: Outgoing) -> None:
        """Publish what has just been committed."""
        with self.lock:
            if self.bytes + size(event) > MOST_BYTES:
                return  # the sweep does
            self.bytes += size(event)
        self.waiting.put((time.monotonic(), event))

    def work(self) -> None:
        """Take what is there, publish it, forget it; a failure leaves the rows to the sweep."""
        from shared.events.publisher import Post  # at the first event: readers never publish

        post = Post()
        while True:
            events = self.held()
            try:
                sent = [
                    event
                    for event, status in zip(events, post.send(events), strict=True)
                    if 200 <= status < 300
                ]
                forget(sent)
            except Unavailable as error:
                log.warning(
                    "outbox rows are left to the sweep",
                    extra={"context": {"events": len(events), **error.details}},
                )
            except Exception:
                log.exception("outbox rows are left to the sweep", extra={"context": {"events": len(events)}})
            else:
                if len(sent) < len(events):
                    log.warning(
                        "the broker does not take events; the sweep will publish",
                        extra={"context": {"events": len(events) - len(sent)}},
                    )

    def held(self) -> list[Outgoing]:
        """What waits and is still ours, at least one: the rest is the sweep's by now."""
        events: list[Outgoing] = []
        while not events or (len(events) < TOGETHER and not self.waiting.empty()):
            since, event = self.waiting.get()
            with self.lock:
                self.bytes -= size(event)
            if time.monotonic() - since < HOLDS:
                events.append(event)
        return events


def size(event: Outgoing) -> int:
    """Bytes that it takes in memory, roughly."""
    return len(event.data) + 1_000


def forget(events: list[Outgoing]) -> None:
    """Delete the outbox rows of published events: one transaction in one round trip for each database."""
    by_home: defaultdict[str, defaultdict[UUID, list[str]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        by_home[event.database][event.envelope.tenant_id].append(event.envelope.id)
    for database, by_tenant in by_home.items():
        sql = Sql(pool(database), next(iter(by_tenant)))
        for tenant_id, ids in by_tenant.items():
            sql.enter(tenant_id)
            sql.queue(DELETE, ids=ids)
        sql.commit()


@lru_cache(1)
def publisher() -> Publisher:
    """The publisher of this process, started at the first event."""
    return Publisher()
