"""How the chain keeps up: listings are written for a while, then it is timed until all that follows from them
has happened.

    python -m bench.soak [--seconds 60] [--threads 8] [--rate 0]

On the stack that is up here, started with high rate limits (RATE_LIMIT_TENANT=10000000 and so on). With
`--rate 20` twenty listings a second are begun, else as many as are answered. Prints what was refused, how
long the chain took to settle after the last answer, how many publications were duplicates, and CPU and memory
of each process.
"""

import argparse
import os
import threading
import time
from collections import Counter
from uuid import uuid4

from bench.running import CITIES, Caller, Use, here, metrics, percentiles, settle

DUPLICATE, ACCEPTED = (
    'heidi_broker_events_total{result="duplicate"}',
    'heidi_broker_events_total{result="accepted"}',
)
DELIVERED = 'heidi_broker_deliveries_total{result="delivered"}'


def write(caller: Caller, until: float, every: float) -> None:
    """Listings, one after the other; `every` so many seconds where that is given."""
    category = caller.call("GET", "/api/categories")["items"][0]["id"]
    caller.took.clear()
    due = time.monotonic()
    while time.monotonic() < until:
        caller.call(
            "POST",
            "/api/listings",
            uuid4().hex,
            json={"categoryId": category, "title": f"Soak {uuid4().hex}"},
        )
        due += every
        time.sleep(max(0.0, due - time.monotonic()) if every else 0)


def run(seconds: float, threads: int, rate: float) -> None:
    """Load, wait, print."""
    stack = here()
    settle(stack)
    callers = [
        Caller(stack, CITIES[number % 2], f"editor@{CITIES[number % 2]}.example") for number in range(threads)
    ]
    before, used, began = metrics(stack), Use.now(stack), time.monotonic()
    working = [
        threading.Thread(target=write, args=(caller, began + seconds, threads / rate if rate else 0))
        for caller in callers
    ]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    ended = time.monotonic()
    settle(stack)
    settled, after, now = time.monotonic() - ended, metrics(stack), Use.now(stack)
    took = [one for caller in callers for one in caller.took]
    came, twice, brought = (after[name] - before[name] for name in (ACCEPTED, DUPLICATE, DELIVERED))
    print(
        f"python -m bench.soak --seconds {seconds:g} --threads {threads} --rate {rate:g}   "
        f"({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})"
    )
    print(f"listings     {len(took)} acknowledged, {len(took) / (ended - began):.0f}/s, {percentiles(took)}")
    print(f"refused      {dict(sum((caller.refused for caller in callers), Counter())) or 'nothing'}")
    print(
        f"events       {came:.0f} published, {twice:.0f} of them twice ({twice / max(1, came):.2%}), {brought:.0f} deliveries, "
        f"{brought / (ended - began + settled):.0f}/s"
    )
    print(f"settled      {settled:.1f} s after the last answer")
    for name in sorted(now.cpu):
        spent = now.cpu[name] - used.cpu.get(name, 0)
        print(
            f"{name:<12} {spent:6.1f} CPU s, {spent / max(1, len(took)) * 1000:5.1f} ms a listing   {now.memory[name]:6.0f} MiB "
            f"({now.memory[name] - used.memory.get(name, 0):+.0f})"
        )


def main() -> None:
    """The benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0)
    given = parser.parse_args()
    run(given.seconds, given.threads, given.rate)


if __name__ == "__main__":
    main()
