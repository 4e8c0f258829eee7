"""What the benchmarks of single calls share: the clock, percentiles, one line of a table."""

import statistics
import time
from collections.abc import Callable


def milliseconds(call: Callable[[], object], times: int, warm_up: int = 20) -> list[float]:
    """How long each of so many calls took."""
    for _ in range(warm_up):
        call()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) * 1000)
    return found


def percentile(found: list[float], share: float) -> float:
    """The value below which this share of the calls lies."""
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]


def line(title: str, found: list[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    p50, p95, p99 = statistics.median(found), percentile(found, 0.95), percentile(found, 0.99)
    return f"{title:44}{p50:9.2f}{p95:9.2f}{p99:9.2f}"


HEAD = f"{'milliseconds':44}{'p50':>9}{'p95':>9}{'p99':>9}"
