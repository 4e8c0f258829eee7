"""What a PgBouncer in transaction mode costs: the same calls directly, without statement names, and through a
real PgBouncer.

    python -m bench.pgbouncer [--rounds 2000]

Signed-in calls in one process against a real Postgres and Redis, PgBouncer with the parameters of
deploy/data. Ways take turns in blocks, so that all of them see the same machine; medians of milliseconds, and
of this process' CPU milliseconds, as ratios to the first. PgBouncer must be installed.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.data import fill
from bench.stack import md5, remember_tenants, servers

BLOCKS = 8
WAYS = ("direct, named", "direct, unnamed", "PgBouncer, unnamed")


@contextmanager
def towards(port: int, *, prepared: bool) -> Iterator[None]:
    """Every connection of a block goes there."""
    from shared.db import pg
    from shared.kit.settings import settings

    settings().postgres_port, settings().postgres_prepared = port, prepared
    pg.pool.cache_clear()
    yield
    pg.pool(settings().postgres_database_prefix + "core").clear()


def calls() -> dict[str, Callable[[], None]]:
    """A get, a list and a create, each by a signed-in editor."""
    from shared.auth.signing import issue
    from tests.support import call

    token = issue("access", md5("user"), md5("t1"), ["editor"], md5("session"), now=time.time())[0]
    numbers = count()

    def one(name: str, status: int = 200, **parts: object) -> None:
        answer = call(name, token=token, tenant="city1", **parts)  # type: ignore[arg-type]  # the parts of a call
        assert answer.status == status, answer.body

    def create() -> None:
        one(
            "create-listing",
            201,
            body={
                "categoryId": str(md5("city1c1")),
                "title": f"Bench {next(numbers)}",
                "summary": "Ein Angebot",
            },
        )

    return {
        "get": lambda: one("get-listing", path=f"/api/listings/{md5('city1l1')}"),
        "list": lambda: one("list-listings", query="limit=20"),
        "create": create,
    }


def measured(
    ports: dict[str, tuple[int, bool]], rounds: int
) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    """Wall and CPU milliseconds by way and call."""
    found: dict[tuple[str, str], tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for _ in range(BLOCKS):
        for way, (port, prepared) in ports.items():
            with towards(port, prepared=prepared):
                for name, call in calls().items():
                    for _ in range(20):
                        call()
                    for _ in range(max(1, rounds // BLOCKS // (4 if name == "create" else 1))):
                        wall, cpu = time.perf_counter(), time.process_time()
                        call()
                        found[way, name][0].append((time.perf_counter() - wall) * 1000)
                        found[way, name][1].append((time.process_time() - cpu) * 1000)
    return found


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rounds", type=int, default=2000)
    rounds = given.parse_args().rounds
    with servers("core") as postgres, tempfile.TemporaryDirectory(prefix="heidi-bench-") as directory:
        Path(directory).chmod(0o755)
        os.environ["HEIDI_TEST_RUN"] = directory
        with postgres.connect("heidi_core") as connection:
            fill(connection, tenants=1, listings=1000)
        remember_tenants(1)
        from tests.deploy.pooler import pooler

        with pooler() as bouncer:
            ports = dict(
                zip(WAYS, ((postgres.port, True), (postgres.port, False), (bouncer.port, False)), strict=True)
            )
            found = measured(ports, rounds)
    for name in ("get", "list", "create"):
        base = [statistics.median(each) for each in found[WAYS[0], name]]
        for way in WAYS:
            wall, cpu = (statistics.median(each) for each in found[way, name])
            print(
                f"{name:8}{way:22}p50 {wall:6.2f} ms  {wall / base[0]:5.2f}×   CPU {cpu:6.2f} ms  {cpu / base[1]:5.2f}×"
            )


if __name__ == "__main__":
    main()
