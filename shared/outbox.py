"""Events leave in the transaction that changed the data, and are published right after its commit.

What a crash leaves behind is found by the sweep (functions/platform/sweep_outbox.py).
"""

import logging
import queue
import threading
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from shared.cloudevents import Envelope
from shared.errors import Unavailable
from shared.inside import own_token
from shared.pg import pool
from shared.settings import settings
from shared.spans import Publishing
from shared.sql import Sql

if TYPE_CHECKING:
    from http.client import HTTPConnection

INSERT = """INSERT INTO outbox (id, tenant_id, type, source, time, correlation_id, actor_id, impersonator_id, traceparent, data)
 VALUES (:id, :tenant_id, :type, :source, :time, :correlation_id, :actor_id, :impersonator_id, :traceparent, :data)"""
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
    sql.later(
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
    """A thread that posts committed events to the broker and then deletes their outbox rows, many at a time."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Outgoing] = queue.SimpleQueue()
        self.connection: HTTPConnection | None = None
        threading.Thread(target=self.work, name="publisher", daemon=True).start()

    def work(self) -> None:
        """Take what is there, publish it, forget it; a failure leaves the rows to the sweep."""
        while True:
            events = [self.waiting.get()]
            while len(events) < 100 and not self.waiting.empty():
                events.append(self.waiting.get())
            try:
                forget([event for event in events if self.publish(event)])
            except Unavailable as error:
                log.warning(
                    "outbox rows are left to the sweep",
                    extra={"context": {"events": len(events), **error.details}},
                )
            except Exception:
                log.exception("outbox rows are left to the sweep", extra={"context": {"events": len(events)}})

    def publish(self, event: Outgoing) -> bool:
        """Whether the broker has accepted the event; a kept-alive connection that has gone stale is tried anew."""
        from http.client import HTTPException  # at the first event: readers never publish

        for attempt_is_last in (self.connection is None, True):
            try:
                return self.post(event) < 300
            except (OSError, HTTPException) as error:
                self.connection = None
                if attempt_is_last:
                    log.warning(
                        "the broker does not answer; the sweep will publish",
                        extra={"context": {"error": str(error)}},
                    )
                    break
        return False

    def post(self, event: Outgoing) -> int:
        """Post one event in binary mode; the broker's status."""
        publishing = Publishing(event.envelope)
        headers = publishing.headers() | {"authorization": f"Bearer {own_token()}"}
        connection = self.connected()
        connection.request("POST", urlsplit(settings().broker_url).path or "/", event.data, headers)
        answer = connection.getresponse()
        answer.read()
        publishing.ended(answer.status)
        return answer.status

    def connected(self) -> "HTTPConnection":
        """The kept-alive connection to the broker."""
        from http.client import HTTPConnection, HTTPSConnection

        if self.connection is None:
            url = urlsplit(settings().broker_url)
            kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
            self.connection = kind(url.hostname or "127.0.0.1", url.port, timeout=10)
        return self.connection


def forget(events: list[Outgoing]) -> None:
    """Delete the outbox rows of published events, tenant by tenant, one round trip each."""
    by_home: defaultdict[tuple[str, UUID], list[str]] = defaultdict(list)
    for event in events:
        by_home[event.database, event.envelope.tenant_id].append(event.envelope.id)
    for (database, tenant_id), ids in by_home.items():
        sql = Sql(pool(database), tenant_id)
        sql.later(DELETE, ids=ids)
        sql.commit()


@lru_cache(1)
def publisher() -> Publisher:
    """The publisher of this process, started at the first event."""
    return Publisher()
