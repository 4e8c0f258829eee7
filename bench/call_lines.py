"""What the line that every call leaves in the log adds to it.

    python -m bench.call_lines [--rounds 4000]

The same signed-in `get-listing` as in bench/stages.py, without lines (LOG_LEVEL=ERROR) and with them (INFO),
written to a pipe that another process reads, as a container's standard error is. Both take turns, so that
what else the machine does falls on each of them.
"""

import argparse
import logging
import statistics
import subprocess
import time

from bench.data import fill
from bench.stack import md5, remember_tenants, servers
from bench.timing import milliseconds

WAYS = {"without": logging.ERROR, "with": logging.INFO}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=4000)
    rounds = options.parse_args().rounds
    with (
        servers("core") as postgres,
        subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader,
    ):
        with postgres.connect("heidi_core") as connection:
            fill(connection, tenants=1, listings=1000)
        remember_tenants(1)
        from shared.auth.signing import issue
        from shared.telemetry import logs
        from tests.support import call

        assert reader.stdin
        logs.STDERR = reader.stdin.fileno()
        logs.start_logging("INFO")
        token = issue("access", md5("user"), md5("t1"), ["editor"], md5("session"), now=time.time())[0]

        def get() -> None:
            assert (
                call(
                    "get-listing", path=f"/api/listings/{md5('city1l1')}", token=token, tenant="city1"
                ).status
                == 200
            )

        spent: dict[str, list[float]] = {way: [] for way in WAYS}
        processor: dict[str, list[float]] = {way: [] for way in WAYS}
        for way in (*WAYS, *tuple(WAYS) * 40):  # the first time around warms up
            logs.log.setLevel(WAYS[way])
            began = time.process_time()
            spent[way] += milliseconds(get, rounds // 40, warm_up=0)
            processor[way].append((time.process_time() - began) * 1e6 / (rounds // 40))
        reader.stdin.close()
    print(f"{'':9}{'median µs':>12}{'ratio':>8}{'CPU µs':>10}{'ratio':>8}")
    first, first_cpu = (statistics.median(found["without"]) for found in (spent, processor))
    for way in WAYS:
        median, cpu = statistics.median(spent[way]) * 1000, statistics.median(processor[way])
        print(f"{way:9}{median:12.1f}{median / first / 1000:8.3f}{cpu:10.1f}{cpu / first_cpu:8.3f}")


if __name__ == "__main__":
    main()
