"""From spawning the process to the first 200 of `list-listings` with a database, and the memory it takes;
ours and naive in turn.

    python -m bench.cold_start [--times 10]

Files are in the page cache and bytecode is compiled: one start of each that is not counted sees to it. Memory
is that of the whole process tree, after the first answer and after 2,000 requests over 16 connections.
"""

import argparse
import statistics
from dataclasses import dataclass

import psutil

from bench.http_cost import requests, run
from bench.stack import NAIVE, OURS, Way, stack

PATH = "/api/listings?limit=20"
GOAL, MEMORY_GOAL = 0.5, 60
Memory = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Start:
    """One start: milliseconds by the clock and of CPU, MiB resident and proportional, at once and after use."""

    ready: float
    cpu: float
    memory: Memory
    used: Memory = (0, 0)


def start(way: Way) -> Start:
    """Start, ask once, stop."""
    with way.serving("list-listings", PATH) as served:
        return Start(served.ready * 1000, served.cpu() * 1000, served.memory())


def in_use(way: Way, postgres: psutil.Process) -> Memory:
    """What the process takes after 2,000 requests."""
    with way.serving("list-listings", PATH) as served:
        answered, texts = 0.0, requests("list", way.health)
        while answered < 2000:
            answered += run(served, 1, texts, postgres).rate
        return served.memory()


def measure(times: int) -> dict[str, tuple[list[Start], Memory]]:
    """Each way that often, in turn."""
    with stack() as postgres:
        starts: dict[str, list[Start]] = {way.name: [] for way in (NAIVE, OURS)}
        for number in range(times + 1):
            for way in (NAIVE, OURS):
                one = start(way)
                if number:  # the first compiles bytecode
                    starts[way.name].append(one)
        return {way.name: (starts[way.name], in_use(way, postgres)) for way in (NAIVE, OURS)}


def report(measured: dict[str, tuple[list[Start], Memory]]) -> None:
    """Medians, and what was to be reached."""
    middle = {}
    print(
        f"{'':8}{'first 200, ms':>24}{'CPU ms':>8}{'RSS MiB':>9}{'PSS MiB':>9}{'  after 2,000: RSS':>18}{'PSS':>6}"
    )
    for name, (starts, used) in measured.items():
        ready = [start.ready for start in starts]
        middle[name] = statistics.median(ready)
        rss, pss = (statistics.median(start.memory[n] for start in starts) for n in (0, 1))
        print(
            f"{name:8}{f'{middle[name]:.0f} ({min(ready):.0f}–{max(ready):.0f})':>24}{statistics.median(s.cpu for s in starts):8.0f}"
            f"{rss:9.1f}{pss:9.1f}{used[0]:18.1f}{used[1]:6.1f}"
        )
    print(f"ratio {middle['ours'] / middle['naive']:.2f}, goal {GOAL}; memory goal {MEMORY_GOAL} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=10)
    report(measure(parser.parse_args().times))


if __name__ == "__main__":
    main()
