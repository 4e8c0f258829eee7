"""What this broker tells Prometheus; RabbitMQ itself tells how long its queues are."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """Counters with the names of the local broker's, and whether RabbitMQ is there."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "heidi_broker_events_total",
            "Events posted, by what became of them.",
            ["result"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "heidi_broker_deliveries_total",
            "Delivery attempts, by result.",
            ["result"],
            registry=self.registry,
        )
        self.dead = Counter(
            "heidi_broker_dead_letters_total", "Deliveries that were given up.", registry=self.registry
        )
        self.up = Gauge("heidi_broker_rabbitmq_up", "Whether RabbitMQ is there.", registry=self.registry)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)
