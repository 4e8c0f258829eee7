"""What a question to the audit costs when ten million entries are there.

    python -m bench.audit [--rows 10000000] [--rounds 300]

One hundred cities over 24 months (partitions), half of all entries in one of them: the city that is asked.
Each question goes through the whole function in one process, against a real Postgres, under row-level
security. The ratio beside it is against the same question in a log of a thousandth of the size, in the same
run. Entries are made inside Postgres, without their hashes' chain.
"""

import argparse
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from bench.stack import in_databases, md5, remember_tenants, second, servers
from bench.timing import milliseconds, percentile

MONTHS, CITIES, PEOPLE, THINGS = 24, 100, 1000, 50_000
ACTIONS = [
    "listing.approved",
    "listing.created",
    "record.update",
    "record.insert",
    "user.updated",
    "session.started",
    "build.queued",
]
PARTITIONS = "SELECT make_partition(now() - make_interval(months => n)) FROM generate_series(0, @MONTHS) n"
FILL = """INSERT INTO entries (tenant_id, sequence, recorded_at, at, actor_id, action, resource_type, resource_id, correlation_id,
  source, event_id, data, hash)
 SELECT CASE WHEN n % 2 = 0 THEN md5('t1')::uuid ELSE md5('t' || (2 + n / 2 % 99))::uuid END, :base + n, moment, moment,
  md5(CASE WHEN n % 2 = 0 THEN 'p' ELSE 'q' || n / 2 % 99 END || n / 2 % @PEOPLE)::uuid, (ARRAY[@ACTIONS])[1 + (n * 104729::bigint % 7)::int],
  (ARRAY['listing', 'user', 'build'])[1 + (n % 3)::int], md5('r' || (n * 31::bigint % @THINGS))::uuid, md5(n::text), '/heidi/core',
  md5(n::text || 'e'), '{"status": "published", "version": 3}', decode(md5(n::text), 'hex')
 FROM (SELECT n, now() - interval '@MONTHS months' * (1 - (:base + n)::float / :total) AS moment
  FROM generate_series(1, :count) n) x"""


def fill(connection: Any, rows: int) -> None:
    """So many entries, in slices of half a million; indexes are made afterwards, which is quicker."""
    run = connection.run
    run("SET session_replication_role = replica")
    run(PARTITIONS.replace("@MONTHS", str(MONTHS)))
    indexes = run("""SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'entries'
      AND indexname <> 'entries_pkey'""")
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    actions = ", ".join(f"'{action}'" for action in ACTIONS)
    sql = (
        FILL.replace("@MONTHS", str(MONTHS))
        .replace("@PEOPLE", str(PEOPLE))
        .replace("@THINGS", str(THINGS))
        .replace("@ACTIONS", actions)
    )
    for base in range(0, rows, 500_000):
        run(sql, base=base, count=min(500_000, rows - base), total=rows)
    for _, definition in indexes:
        run(definition.replace(" ON ONLY ", " ON "))
    run("ANALYZE entries")


def questions(draw: random.Random) -> dict[str, Callable[[], str]]:
    """What an administrator asks; each time for somebody or something else."""

    def person() -> UUID:
        return md5(f"p{draw.randrange(PEOPLE)}")

    def thing() -> UUID:
        return md5(f"r{draw.randrange(THINGS)}")

    def day() -> datetime:
        return datetime.now(UTC) - timedelta(days=draw.randrange(1, 700))

    def period(days: int) -> str:
        begin = day()
        return f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={begin + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"

    return {
        "newest": lambda: "limit=50",
        "by one person": lambda: f"limit=50&actor={person()}",
        "about one thing": lambda: f"limit=50&resourceType=listing&resourceId={thing()}",
        "of one kind": lambda: f"limit=50&action={draw.choice(ACTIONS)}",
        "in one week": lambda: f"limit=50&{period(7)}",
        "by one person in a month": lambda: f"limit=50&actor={person()}&{period(30)}",
        "with the number of all": lambda: f"limit=50&count=true&actor={person()}",
    }


def measured(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each question in the log at hand."""
    from shared.auth.signing import issue
    from tests.support import call

    token = issue("access", md5("admin"), md5("t1"), ["city_admin"], md5("session"), now=time.time())[0]
    cursor: list[str] = [""]

    def ask(query: str) -> str:
        answer = call("list-audit-entries", token=token, tenant="city1", query=query)
        assert answer.status == 200, answer.body
        return answer.body["nextCursor"] or ""

    def turn() -> None:
        cursor[0] = ask("limit=50" + (f"&cursor={cursor[0]}" if cursor[0] else ""))

    found = {
        title: milliseconds(partial(asked, ask, query), rounds)
        for title, query in questions(random.Random(7)).items()
    }
    return found | {"page after page": milliseconds(turn, rounds)}


def asked(ask: Callable[[str], str], query: Callable[[], str]) -> str:
    return ask(query())


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--rounds", type=int, default=300)
    given = options.parse_args()
    with servers("audit") as postgres, second(postgres, "small_", "audit"):
        for prefix, rows in (("small_", given.rows // 1000), ("heidi_", given.rows)):
            with postgres.connect(f"{prefix}audit") as connection:
                started = time.perf_counter()
                fill(connection, rows)
                print(f"{rows:,} entries made in {time.perf_counter() - started:.0f} s", flush=True)
        remember_tenants(1)
        found = {
            prefix: in_databases(prefix, lambda: measured(given.rounds)) for prefix in ("small_", "heidi_")
        }
    small, large = found["small_"], found["heidi_"]
    print(f"{'milliseconds':28}{'p50':>9}{'p95':>9}{'p95, a thousandth':>19}{'ratio':>8}")
    for title, times in large.items():
        p50, p95, before = percentile(times, 0.5), percentile(times, 0.95), percentile(small[title], 0.95)
        print(f"{title:28}{p50:9.2f}{p95:9.2f}{before:19.2f}{p95 / before:8.2f}")


if __name__ == "__main__":
    main()
