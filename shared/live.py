"""Server-sent events (WHATWG HTML §9.2): what somebody follows as it happens; why no WebSocket:
docs/decisions/0030.

A stream lives for less than half a minute, and its client comes again with the id of the last event that it
has seen. What it has missed, and what is new while it is open, is read from Postgres, in a transaction that
ends before the stream waits: over Redis goes only the word that there is something.

@http.get("/api/builds/{build_id}/stream", threads=64, raises=[NotFound])
@requires("builds:read")
def stream_build(ctx: Context, build_id: UUID) -> Response:
    return live.stream(ctx, live.topic("builds", build_id), partial(lines, build_id=build_id))
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from shared.adapters import pubsub, redis
from shared.adapters.pubsub import Follower
from shared.context import Context, acting
from shared.errors import Busy, Unavailable
from shared.kit.http import Lasting, Response
from shared.kit.shares import Shares, Whose

LIFE = 25.0  # seconds; Knative ends a call after `Record.timeout`, 30
PULSE = 10.0  # seconds between two signs of life
OF_A_PERSON = 4  # at once, in one process: a browser's tabs share one
AGAIN = b"retry: 500\n\n"  # milliseconds until the client comes again
LATER = b"retry: 5000\n\n"
ALIVE = b":\n\n"
EVENT_STREAM = "text/event-stream"
# a proxy that packs or gathers what comes would keep it for itself
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


class LiveEvent(NamedTuple):
    """One event: its id, by which a client goes on; its name; its data, as JSON. Nothing comes after the last
    one.
    """

    id: str
    name: str
    data: Any
    is_last: bool = False

    def encoded(self) -> bytes:
        """As it is sent; JSON has no line breaks of its own."""
        import orjson

        return b"id: %b\nevent: %b\ndata: %b\n\n" % (
            self.id.encode(),
            self.name.encode(),
            orjson.dumps(self.data),
        )


class Resync(Exception):
    """The id is none of ours, or so old that nobody knows what came after it: the client reads everything
    anew, and goes on from `newest`.
    """

    def __init__(self, newest: str) -> None:
        super().__init__(newest)
        self.newest = newest


# what came after the event with this id, oldest first (the empty one: all that a client should see);
# Resync where nobody can say. Ids must become visible in their order: given under a lock, or by one writer
Source = Callable[[Context, str], list[LiveEvent]]


def topic(*parts: object) -> str:
    """The name of what is followed, in a city."""
    return ":".join(map(str, parts))


def tell(ctx: Context, about: str) -> None:
    """Whoever follows this topic learns after the commit that there is something new."""
    channel = redis.key(ctx.tenant.id, "live", about)
    ctx.after_commit(lambda: pubsub.say(channel))


def last_seen(ctx: Context) -> str:
    """The id of the last event that the client has seen; empty where it has seen none."""
    return ctx.request.header("last-event-id")[:100] if ctx.request else ""


def stream(ctx: Context, about: str, source: Source) -> Response:
    """The answer that goes on: what was missed, then what happens; Busy where too many are open already."""
    if ctx.request and ctx.request.method == "HEAD":
        return Response(200, b"", EVENT_STREAM, dict(HEADERS))
    seats, whose = seats_of(ctx.record.name, ctx.record.threads), ctx.whose
    seats.take(whose)
    try:
        # first: what happens while we read is told, too
        follower = pubsub.subscriptions().follow(redis.key(ctx.tenant.id, "live", about))
        events = Events(ctx, source, follower)
        events.read(ctx)
    except BaseException:
        seats.give_back(whose)
        raise
    return Response(200, Lasting(events, lambda: seats.give_back(whose)), EVENT_STREAM, dict(HEADERS))


class Events:
    """The parts of one stream."""

    def __init__(self, ctx: Context, source: Source, follower: Follower) -> None:
        self.ctx, self.source, self.follower = ctx, source, follower
        self.seen, self.waiting = last_seen(ctx), [ALIVE]
        self.until = time.monotonic() + LIFE
        self.is_over = False

    def __iter__(self) -> Iterator[bytes]:
        """Until it is over, with a sign of life where nothing happens."""
        pulse = time.monotonic() + PULSE
        try:
            while True:
                yield from self.waiting
                self.waiting = []
                left = self.until - time.monotonic()
                if self.is_over or left <= 0:
                    yield AGAIN
                    return
                if self.follower.wait(min(left, max(0.0, pulse - time.monotonic()))) and not self.is_over:
                    self.look()
                if time.monotonic() >= pulse:
                    pulse = time.monotonic() + PULSE
                    self.waiting.append(ALIVE)
        except Unavailable:
            yield LATER

    def look(self) -> None:
        """Read what is new, in a transaction of its own."""
        ctx = self.ctx
        with acting(ctx.record, ctx.tenant, user=ctx.user, language=ctx.language, trace=ctx.trace) as own:
            self.read(own)

    def read(self, ctx: Context) -> None:
        """What came after the last event that was seen."""
        try:
            found = self.source(ctx, self.seen)
        except Resync as lost:
            found = [LiveEvent(lost.newest, "resync", {})]
        for event in found:
            self.seen, self.is_over = event.id, event.is_last
            self.waiting.append(event.encoded())

    def end(self) -> None:
        """Come to an end: nobody is there any more, or the process ends."""
        self.is_over = True
        self.follower.news.set()

    def close(self) -> None:
        """Nobody follows."""
        self.follower.close()


class Seats:
    """So many streams of one function in a process; one city never has all, a person few."""

    def __init__(self, count: int) -> None:
        self.shares = Shares(count)
        self.people: Counter[Whose] = Counter()
        self.changing = threading.Lock()

    def take(self, whose: Whose) -> None:
        """One more; Busy where it is too much."""
        with self.changing:
            if self.people[whose] >= OF_A_PERSON or not self.shares.take(whose.party, 0):
                raise Busy
            self.people[whose] += 1

    def give_back(self, whose: Whose) -> None:
        """One fewer."""
        with self.changing:
            self.people[whose] -= 1
            if not self.people[whose]:
                del self.people[whose]
            self.shares.give_back(whose.party)


@lru_cache
def seats_of(function: str, count: int) -> Seats:  # noqa: ARG001 (what the cache goes by)
    """Those of one function in this process."""
    return Seats(count)
