"""What telemetry adds to a call: with nothing exported, and with a share of the traces sent to a collector in
this process.

    python -m bench.tracing [--rounds 2000]

The same signed-in `get-listing` as in bench/stages.py. All four take turns, so that what else the machine
does falls on each of them. The processor's time is that of the whole process, the thread that exports and the
collector included, until everything has been sent.
"""

import argparse
import statistics
import time

from bench.data import fill
from bench.stack import md5, remember_tenants, servers
from bench.timing import milliseconds

WAYS = ("off", "0", "0.1", "1")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=2000)
    rounds = options.parse_args().rounds
    with servers("core") as postgres:
        with postgres.connect("heidi_core") as connection:
            fill(connection, tenants=1, listings=1000)
        remember_tenants(1)
        from shared.auth.signing import issue
        from shared.kit.settings import settings
        from shared.telemetry import otlp
        from tests.deploy.collector import collecting
        from tests.support import call

        token = issue("access", md5("user"), md5("t1"), ["editor"], md5("session"), now=time.time())[0]

        def get() -> None:
            assert (
                call(
                    "get-listing", path=f"/api/listings/{md5('city1l1')}", token=token, tenant="city1"
                ).status
                == 200
            )

        def finish() -> None:
            if otlp.exporter.cache_info().currsize:
                otlp.exporter().stop()
                otlp.exporter().thread.join()
                otlp.exporter.cache_clear()

        spent: dict[str, list[float]] = {way: [] for way in WAYS}
        processor: dict[str, list[float]] = {way: [] for way in WAYS}
        with collecting() as collector:
            for way in (*WAYS, *WAYS * 10):  # the first time around warms up
                settings().otel_exporter_otlp_endpoint = None if way == "off" else collector.url
                settings().trace_sample_ratio = 0.0 if way == "off" else float(way)
                began = time.process_time()
                spent[way] += milliseconds(get, rounds // 10, warm_up=0)
                finish()
                processor[way].append((time.process_time() - began) * 1e6 / (rounds // 10))
    print(f"{'':5}{'median µs':>12}{'ratio':>8}{'CPU µs':>10}{'ratio':>8}")
    first, first_cpu = (statistics.median(found["off"]) for found in (spent, processor))
    for way in WAYS:
        median, cpu = statistics.median(spent[way]) * 1000, statistics.median(processor[way])
        print(f"{way:5}{median:12.1f}{median / first / 1000:8.3f}{cpu:10.1f}{cpu / first_cpu:8.3f}")


if __name__ == "__main__":
    main()
