"""What a process counts of itself, and the text in which Prometheus reads it; shared/telemetry/otlp.py sends
the same numbers.
"""

import os
import resource
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from shared import __version__

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TEXT = "text/plain; version=0.0.4; charset=utf-8"
# cgroup v2, then v1
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
UNLIMITED = 1 << 60  # version 1 says it with a number that no machine has
NAMES = ("service", "function", "kind")
Labels = tuple[str, str, str]


class Family(NamedTuple):
    """One metric: its samples are label values and a number, or a histogram's counts (one more than its
    bounds) and sum.
    """

    name: str
    help: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    samples: list[tuple[tuple[str, ...], Any]]
    bounds: tuple[float, ...] = BUCKETS


class Calls:
    """How often each function answered with which status, and how long it took."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: dict[tuple[Labels, int], int] = {}
        self.durations: dict[Labels, list[float]] = {}

    def count(self, labels: Labels, status: int, started: float) -> None:
        """Add one call."""
        took = time.perf_counter() - started
        with self.lock:
            key = (labels, status)
            self.counts[key] = self.counts.get(key, 0) + 1
            histogram = self.durations.setdefault(labels, [0.0] * (len(BUCKETS) + 2))
            histogram[bisect_left(BUCKETS, took)] += 1
            histogram[-1] += took

    def families(self) -> list[Family]:
        """Requests, errors among them, and durations; errors begin at 0, so that the first one is an
        increase.
        """
        with self.lock:
            counts, durations = (
                dict(self.counts),
                {labels: list(row) for labels, row in self.durations.items()},
            )
        none_yet = {(*labels, "500"): 0 for labels in durations}
        errors = none_yet | {
            (*labels, str(status)): n for (labels, status), n in counts.items() if status >= 500
        }
        return [
            Family(
                "heidi_http_requests_total",
                "Calls by status",
                "counter",
                (*NAMES, "status"),
                [((*labels, str(status)), n) for (labels, status), n in counts.items()],
            ),
            Family(
                "heidi_http_request_errors_total",
                "Calls that failed on our side",
                "counter",
                (*NAMES, "status"),
                list(errors.items()),
            ),
            Family(
                "heidi_http_request_duration_seconds",
                "Time from request to response",
                "histogram",
                NAMES,
                [(labels, (row[:-1], row[-1])) for labels, row in durations.items()],
            ),
        ]


class Counter:
    """Something else that is counted; its labels are a few fixed words, never a city, a person or an address."""

    def __init__(self, name: str, help_text: str, *labels: str) -> None:
        self.name, self.help, self.labels = name, help_text, labels
        self.lock = threading.Lock()
        self.counts: dict[tuple[str, ...], int] = {}

    def count(self, *labels: str) -> None:
        """One more."""
        with self.lock:
            self.counts[labels] = self.counts.get(labels, 0) + 1

    def family(self) -> Family:
        """As it is exposed."""
        with self.lock:
            return Family(self.name, self.help, "counter", self.labels, list(self.counts.items()))


calls = Calls()
outside = Counter(
    "heidi_outside_calls_total", "Calls to systems of others, by how they ended", "dependency", "outcome"
)
recalled = Counter(
    "heidi_cache_requests_total", "Questions whose answers are remembered, by who knew", "cache", "result"
)
identity: list[Labels] = []  # of the one function that this process is; empty where many live in one


def own() -> Labels:
    """Whose memory it is."""
    return identity[0] if identity else ("platform", "gateway", "http")


def process() -> list[Family]:
    """Memory, its limit where there is one, processor time and version of this process."""
    labels, limit = own(), memory_limit()
    return [
        Family("process_resident_memory_bytes", "Resident memory", "gauge", NAMES, [(labels, resident())]),
        Family(
            "process_cpu_seconds_total", "Processor time", "counter", NAMES, [(labels, time.process_time())]
        ),
        *(
            [
                Family(
                    "heidi_memory_limit_bytes",
                    "What the container may use",
                    "gauge",
                    NAMES,
                    [(labels, limit)],
                )
            ]
            if limit
            else []
        ),
        Family("heidi_build_info", "Which version this is", "gauge", ("version",), [((__version__,), 1)]),
    ]


def resident() -> int:
    """Bytes of resident memory; where there is no /proc, the most there ever were."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory_limit(files: Iterable[Path] = LIMITS) -> int | None:
    """The container's limit in bytes, or None."""
    for file in files:
        try:
            text = file.read_text("ascii").strip()
        except OSError:
            continue
        return int(text) if text.isdigit() and int(text) < UNLIMITED else None
    return None


def own_numbers() -> list[Family]:
    """Everything that this process counts."""
    return [*calls.families(), outside.family(), recalled.family(), *process()]


# what processes share; of the rest each has its own
MOST = frozenset({"heidi_memory_limit_bytes", "heidi_build_info"})


def added(several: Iterable[list[Family]]) -> list[Family]:
    """The numbers of several processes as one."""
    found: dict[str, Family] = {}
    for family in (family for families in several for family in families):
        total = found.setdefault(family.name, family._replace(samples=[]))
        known = dict(total.samples)
        for labels, value in ((tuple(labels), value) for labels, value in family.samples):
            before = known.get(labels)
            known[labels] = (
                value
                if before is None
                else max(before, value)
                if family.name in MOST
                else sum_of(before, value)
            )
        found[family.name] = total._replace(samples=list(known.items()))
    return list(found.values())


def sum_of(one: Any, other: Any) -> Any:
    """Of numbers, or of histograms: counts and sum."""
    if isinstance(one, int | float):
        return one + other
    return [a + b for a, b in zip(one[0], other[0], strict=True)], one[1] + other[1]


def exposition(families: Iterable[Family] | None = None) -> bytes:
    """The text that GET /metrics answers, or that of other families."""
    from prometheus_client import CollectorRegistry, generate_latest

    found = own_numbers() if families is None else families

    class Collector:
        def collect(self) -> list[Any]:
            return [as_prometheus(family) for family in found]

    registry = CollectorRegistry()
    registry.register(Collector())
    return generate_latest(registry)


def as_prometheus(family: Family) -> Any:
    """The family as prometheus-client has it."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    kinds: dict[str, Any] = {
        "counter": CounterMetricFamily,
        "gauge": GaugeMetricFamily,
        "histogram": HistogramMetricFamily,
    }
    made = kinds[family.kind](family.name, family.help, labels=family.labels)
    for labels, value in family.samples:
        made.add_metric(
            labels,
            *((cumulative(value[0], family.bounds), value[1]) if family.kind == "histogram" else (value,)),
        )
    return made


def cumulative(counts: list[float], bounds: tuple[float, ...]) -> list[tuple[str, float]]:
    """Prometheus buckets: how many calls took at most this long."""
    total, buckets = 0.0, []
    for bound, n in zip((*map(str, bounds), "+Inf"), counts, strict=True):
        total += n
        buckets.append((bound, total))
    return buckets
