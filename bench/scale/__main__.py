"""What is needed at ten, a thousand and twenty thousand cities, and how the busiest minute goes there.

    python -m bench.scale [--part 0.1] [--euro-per-core 10] [--euro-per-gib 3]

The costs of single calls are measured (bench/scale/costs.py), the habits of people are assumed (workload.py),
the sizes of rows are measured by `python -m bench.scale.sizes`. Prices are yours: without them there is no
line about money. The largest scenario is simulated by a tenth of its calls on a tenth of its plant.
"""

import argparse
import math

from bench.scale.costs import MEMORY
from bench.scale.simulation import Plant, simulate
from bench.scale.workload import SCENARIOS, Scenario
from tooling.registry import records

GIB_PER_CORE = 4  # of memory that Postgres is given


def plant(scenario: Scenario, part: float) -> Plant:
    """As planned, for that part of the calls: at least one warm instance of each, four connections per core
    of Postgres.
    """
    cores = max(1, math.ceil(scenario.planned("postgres") * part))
    return Plant(warm=1, most=20, connections=max(20, 4 * cores), cores=max(2, cores))


def needs(scenario: Scenario) -> list[tuple[str, str]]:
    """What the arithmetic says."""
    per_second = scenario.peak(scenario.per_day)
    return [
        ("calls a day", f"{scenario.per_day:,.0f}"),
        ("calls a second, busiest minute", f"{per_second:,.1f}"),
        ("events a day", f"{scenario.events:,.0f}"),
        ("deliveries a second, busiest minute", f"{scenario.peak(scenario.deliveries):,.1f}"),
        ("busy cores, functions", f"{scenario.cores('function'):,.2f}"),
        ("busy cores, Postgres", f"{scenario.cores('postgres'):,.2f}"),
        ("cores to have", f"{scenario.planned('function')} + {scenario.planned('postgres')}"),
        ("calls under way at once", f"{scenario.cores('function') + scenario.cores('postgres'):,.1f}"),
        *(
            (name, f"{rows:,.0f} · {scenario.gigabytes()[name]:,.1f} GB")
            for name, rows in scenario.rows().items()
        ),
    ]


def busiest(scenario: Scenario, part: float, burst: float) -> str:
    """What the simulation says."""
    seen = simulate(scenario, plant(scenario, part), part=part, burst=burst)
    return (
        f"p50 {seen.median:.1f} ms, p95 {seen.percentile(0.95):.1f}, p99 {seen.percentile(0.99):.1f}; Postgres {seen.postgres:.0%} busy; "
        f"{seen.instances} instances; at most {seen.waiting} waited for a connection"
    )


def price(scenario: Scenario, core: float, gib: float) -> str:
    """Euros a month for cores and memory of functions and Postgres; storage, traffic and people come on top."""
    cores = scenario.planned("function") + scenario.planned("postgres")
    warm = sum(record.min_scale for record in records().values())
    memory = (warm + scenario.planned("function")) * MEMORY / 1024 + GIB_PER_CORE * scenario.planned(
        "postgres"
    )
    return f"{cores * core + memory * gib:,.0f} € a month"


def main() -> None:
    """Print both for all scenarios."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--part", type=float, default=0.1, help="of the largest scenario")
    given.add_argument("--euro-per-core", type=float)
    given.add_argument("--euro-per-gib", type=float, default=0.0)
    wanted = given.parse_args()
    for scenario in SCENARIOS:
        part = wanted.part if scenario.users > 1_000_000 else 1.0
        print(f"\n{scenario.cities:,} cities, {scenario.users:,} people a day")
        for name, value in needs(scenario):
            print(f"  {name:38}{value:>32}")
        print(f"  the busiest minute                    {busiest(scenario, part, 1.0)}")
        print(f"  three times as many, all at once      {busiest(scenario, part, 3.0)}")
        if wanted.euro_per_core:
            print(
                f"  cores and memory                      {price(scenario, wanted.euro_per_core, wanted.euro_per_gib)}"
            )


if __name__ == "__main__":
    main()
