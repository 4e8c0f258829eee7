"""Reads a second through one gateway of one process and of several: how much a second core is worth.

    python -m bench.workers [--seconds 5] [--rounds 3] [--workers 2] [--share 0.3]

16 connections ask for lists of 20 listings, every second one signed in. The two take turns; the median
counts. The client and Postgres need a part of the machine, too: what is shown for two cores is the least that
a second worker brings. With `--share` each worker has that part of a core (a control group, for which one
must be root), so that workers are what runs out and not the machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bench.http_cost import CONNECTIONS, requests
from bench.stack import ROOT, stack, wait
from tooling.stack.ports import free_port

PERIOD = 100_000  # microseconds
WARM = 1.5  # seconds
GROUPS = Path("/sys/fs/cgroup")


@contextmanager
def limited(process: int, share: float) -> Iterator[None]:
    """A process that has so much of a core (Linux' Documentation/admin-guide/cgroup-v2.rst, or
    cgroup-v1/cpusets.rst).
    """
    is_second = (GROUPS / "cgroup.controllers").exists()
    group = (GROUPS if is_second else GROUPS / "cpu") / f"heidi-bench-{process}"
    group.mkdir()
    quota = int(share * PERIOD)
    said = (
        {"cpu.max": f"{quota} {PERIOD}"}
        if is_second
        else {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)}
    )
    for name, value in (said | {"cgroup.procs": str(process)}).items():
        (group / name).write_text(value)
    try:
        yield
    finally:
        (group.parent / "cgroup.procs").write_text(str(process))
        group.rmdir()


@contextmanager
def gateway(workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """All functions on one port, by so many processes; the one that has started them."""
    port = free_port()
    with TemporaryDirectory() as home, tempfile.TemporaryFile() as log:
        said = {
            "GATEWAY_PORT": str(port),
            "GATEWAY_WORKERS": str(workers),
            "GATEWAY_PASSWORD": "bench",
            "HEIDI_HOME": home,
            "GATEWAY_URL": f"http://127.0.0.1:{port}",
        }
        started = subprocess.Popen(
            [sys.executable, "-m", "tooling.gateway"], cwd=ROOT, env=os.environ | said, stdout=log, stderr=log
        )
        try:
            wait(port, "/healthz", started, log)
            doors = Path(home) / "gateway" / "workers"
            while workers > 1 and len(list(doors.glob("*.door"))) < workers:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").close()
            yield port, psutil.Process(started.pid)
        finally:
            started.terminate()
            started.wait()


def reads(workers: int, seconds: float, share: float) -> float:
    """Answers a second, after some seconds of warming up."""
    with (
        gateway(workers) as (port, process),
        tempfile.NamedTemporaryFile("w", suffix=".json") as file,
        ExitStack() as limits,
    ):
        json.dump(requests("list", ""), file)
        file.flush()
        load(port, WARM, file.name)
        for each in (process.children() if workers > 1 else [process]) if share else []:
            limits.enter_context(limited(each.pid, share))
        seen = load(port, seconds, file.name)
        return float(seen["requests"] / seen["seconds"])


def load(port: int, seconds: float, requests: str) -> dict[str, Any]:
    """What the client saw."""
    client = [sys.executable, "-m", "bench.client", str(port), str(CONNECTIONS), str(seconds), requests]
    seen: dict[str, Any] = json.loads(
        subprocess.run(client, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    )
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--share", type=float, default=0)
    options = parser.parse_args()
    found: dict[int, list[float]] = {1: [], options.workers: []}
    with stack():
        for _ in range(options.rounds):
            for workers, rates in found.items():
                rates.append(reads(workers, options.seconds, options.share))
    one, several = (statistics.median(rates) for rates in found.values())
    print(
        f"1 worker {one:,.0f}, {options.workers} workers {several:,.0f} reads/s: {several / one:.2f} times as many"
    )


if __name__ == "__main__":
    main()
