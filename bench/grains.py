"""One image, three grains: what one function takes, all of a service, and everything.

    python -m bench.grains [--times 7] [--rounds 3] [--seconds 3]

FUNCTION_TARGET says which; each has nine threads, and the three take turns on the same Postgres. Starts: from
spawning to the first 200 of a list of listings, median of so many. Memory: of the process after the first
answer and after 2,000 requests over 16 connections. Cost: CPU seconds of the server per 1,000 requests; the
least and the median of the rounds, since what else a machine does only adds. Ratios are to one function.
"""

import argparse
import os
import statistics
from dataclasses import dataclass, field

import psutil

from bench.cold_start import PATH, Memory, Start
from bench.http_cost import FUNCTIONS, requests, run
from bench.stack import OURS, stack

GRAINS = ("function", "core", "all")
CELLS = ("list", "get", "create")
WARM = 4.0  # seconds, of which the first answer takes the most on a busy machine


@dataclass(slots=True)
class Found:
    """What one grain took."""

    starts: list[Start] = field(default_factory=list)
    used: Memory = (0.0, 0.0)
    costs: dict[str, list[float]] = field(default_factory=lambda: {cell: [] for cell in CELLS})

    def start(self, what: str) -> float:
        """The median of `ready` (milliseconds) or `cpu` (milliseconds)."""
        return float(statistics.median(getattr(each, what) for each in self.starts))

    @property
    def first(self) -> float:
        """MiB resident after the first answer."""
        return statistics.median(each.memory[0] for each in self.starts)


def target(grain: str, cell: str) -> str:
    """What FUNCTION_TARGET is."""
    return FUNCTIONS[cell] if grain == "function" else grain


def measure(times: int, rounds: int, seconds: float) -> dict[str, Found]:
    """All grains, in turns."""
    found = {grain: Found() for grain in GRAINS}
    with stack() as postgres:
        for number in range(times + 1):
            for grain, one in found.items():
                with OURS.serving(target(grain, "list"), PATH) as served:
                    if number:  # the first compiles bytecode
                        one.starts.append(Start(served.ready * 1000, served.cpu() * 1000, served.memory()))
        for grain, one in found.items():
            one.used = in_use(grain, postgres)
        for _ in range(rounds):
            for cell in CELLS:
                for grain, one in found.items():
                    with OURS.serving(target(grain, cell)) as served:
                        texts = requests(cell, OURS.health)
                        run(served, WARM, texts, postgres)
                        one.costs[cell].append(run(served, seconds, texts, postgres).server)
    return found


def in_use(grain: str, postgres: psutil.Process) -> Memory:
    """What the process takes after 2,000 requests."""
    with OURS.serving(target(grain, "list"), PATH) as served:
        answered = 0.0
        while answered < 2000:
            answered += run(served, WARM, requests("list", OURS.health), postgres).rate * WARM
        return served.memory()


def report(found: dict[str, Found]) -> None:
    """A line for each grain, and what it is to one function."""
    one = found["function"]
    print(
        f"{'':10}{'first 200, ms':>16}{'CPU ms':>14}{'RSS MiB':>15}{'after 2,000':>15}"
        + "".join(f"{cell + ', least':>20}{'median':>7}" for cell in CELLS)
    )
    for grain, each in found.items():
        cells = [
            compared(each.start("ready"), one.start("ready"), 0, 16),
            compared(each.start("cpu"), one.start("cpu"), 0, 14),
            compared(each.first, one.first, 1, 15),
            compared(each.used[0], one.used[0], 1, 15),
        ]
        for cell in CELLS:
            cells += [
                compared(min(each.costs[cell]), min(one.costs[cell]), 3, 20),
                f"{statistics.median(each.costs[cell]):7.3f}",
            ]
        print(f"{grain:10}" + "".join(cells))


def compared(value: float, to: float, digits: int, width: int) -> str:
    """A figure and its ratio."""
    return f"{f'{value:.{digits}f} ({value / to:.2f})':>{width}}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    os.environ["WORKER_THREADS"] = "9"
    report(measure(options.times, options.rounds, options.seconds))


if __name__ == "__main__":
    main()
