"""What the broker tells Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from broker.session import Lost, Refused
from broker.store import Store

AGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


class Metrics:
    """Counters of this process, and the queue as Postgres has it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        received = Counter(
            "heidi_broker_events_total",
            "Events posted, by what became of them.",
            ["result"],
            registry=self.registry,
        )
        self.accepted = received.labels("accepted")
        self.duplicate = received.labels("duplicate")
        self.rejected = received.labels("rejected")
        self.unavailable = received.labels("unavailable")
        deliveries = Counter(
            "heidi_broker_deliveries_total",
            "Delivery attempts, by result.",
            ["result"],
            registry=self.registry,
        )
        self.delivered = deliveries.labels("delivered")
        self.failed = deliveries.labels("failed")
        self.unreachable = deliveries.labels("unreachable")
        self.retries = self.counter("retries", "Attempts that were put off to be repeated.")
        self.dead = self.counter("dead_letters", "Deliveries that were given up.")
        self.replies = self.counter("replies", "Answers that became new events.")
        self.ticks = Counter(
            "heidi_broker_ticks_total",
            "Calls by the clock, by result.",
            ["name", "result"],
            registry=self.registry,
        )
        self.age = Histogram(
            "heidi_broker_event_age_seconds",
            "From receiving an event to its accepted delivery.",
            buckets=AGES,
            registry=self.registry,
        )
        self.in_flight = self.gauge("in_flight", "Deliveries that wait for an answer now.")
        self.up = self.gauge("postgres_up", "Whether the database is there.")
        self.queue = Gauge(
            "heidi_broker_queue_length", "Deliveries still to be made.", ["trigger"], registry=self.registry
        )
        self.oldest = self.gauge("oldest_event_age_seconds", "Age of the oldest event still to be delivered.")
        self.buried = self.gauge("dead_letters_stored", "Dead letters that the platform does not keep yet.")

    async def render(self, store: Store, in_flight: int, now: float) -> bytes:
        """Write the text format; without Postgres what this process knows by itself."""
        self.in_flight.set(in_flight)
        self.up.set(store.ready)
        if store.ready:
            try:
                await self.read_queue(store, now)
            except (Lost, Refused):
                self.up.set(0)
        return generate_latest(self.registry)

    async def read_queue(self, store: Store, now: float) -> None:
        backlog, dead = await store.backlog(), await store.count_dead()
        self.queue.clear()
        for each in backlog:
            self.queue.labels(each.trigger).set(each.waiting)
        self.oldest.set(max((now - each.oldest for each in backlog), default=0))
        self.buried.set(dead)

    def counter(self, name: str, text: str) -> Counter:
        return Counter(f"heidi_broker_{name}_total", text, registry=self.registry)

    def gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"heidi_broker_{name}", text, registry=self.registry)
