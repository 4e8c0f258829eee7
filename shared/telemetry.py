"""Logs in the format of requirements §16.1, and the counters behind /metrics."""
import json
import logging
import sys
import threading
import time
from bisect import bisect_left
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 (never changed in place)
log = logging.getLogger("heidi")


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: with U+2028 or U+0085 in it it could be read as two, and terminals obey U+009B."""

    def format(self, record: logging.LogRecord) -> str:
        """§16.1: timestamp, level, service, tenantId, userId, correlationId, message, context."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": "WARN" if record.levelname == "WARNING" else record.levelname,
            "service": record.name, **about.get(), "message": record.getMessage(),
            "context": getattr(record, "context", {})}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def start_logging(level: str) -> None:
    """Send our logs to standard error, one JSON object a line; once per process."""
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        log.addHandler(handler)
        log.setLevel(logging.WARNING if level == "WARN" else level)
        log.propagate = False


class Calls:
    """How often each function answered with which status, and how long it took."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: dict[tuple[str, int], int] = {}
        self.durations: dict[str, list[float]] = {}

    def count(self, function: str, status: int, started: float) -> None:
        """Add one call."""
        took = time.perf_counter() - started
        with self.lock:
            key = (function, status)
            self.counts[key] = self.counts.get(key, 0) + 1
            histogram = self.durations.setdefault(function, [0.0] * (len(BUCKETS) + 2))
            histogram[bisect_left(BUCKETS, took)] += 1
            histogram[-1] += took

    def collect(self) -> Any:
        """The metric families, for prometheus-client."""
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        calls = CounterMetricFamily("heidi_invocations", "Calls by function and status", labels=["function", "status"])
        times = HistogramMetricFamily("heidi_invocation_seconds", "Time from request to response", labels=["function"])
        with self.lock:
            for (function, status), n in self.counts.items():
                calls.add_metric([function, str(status)], n)
            for function, histogram in self.durations.items():
                times.add_metric([function], cumulative(histogram[:-1]), histogram[-1])
        return [calls, times]


def cumulative(counts: list[float]) -> list[tuple[str, float]]:
    """Prometheus buckets: how many calls took at most this long."""
    total, buckets = 0.0, []
    for bound, n in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
        total += n
        buckets.append((bound, total))
    return buckets


calls = Calls()


def exposition() -> bytes:
    """The text that GET /metrics answers."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(calls)
    return generate_latest(registry)
