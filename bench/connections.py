"""How many connections there may be and are: functions × instances × threads against PgBouncer's and
Postgres' limits.

    python -m bench.connections

Three assumptions are ours to change: a person asks 30 times a day, a tenth of a day's questions come in its
busiest hour, and a transaction holds its server connection for 10 ms. Everything else is read from the
records and from deploy/data.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import yaml

from tooling.generate.common import THREADS
from tooling.generate.databases import in_cluster
from tooling.generate.knative import MAX_SCALE
from tooling.registry import ROOT, records

ASKED, BUSIEST, HELD = 30, 0.1, 0.010
SIZES = ((10, 1_000), (1_000, 100_000), (20_000, 10_000_000))  # cities, people a day
BESIDE = 20  # migrations, the pooler's questions for passwords, the operator, three kept for the superuser
DATA = ROOT / "deploy" / "data"


@dataclass(frozen=True, slots=True)
class Limits:
    """What an environment allows."""

    poolers: int
    clients_each: int
    servers_each: int  # of one database, in one pooler
    max_connections: int

    @property
    def clients(self) -> int:
        """Connections that the poolers take."""
        return self.poolers * self.clients_each

    @property
    def servers(self) -> int:
        """Connections that the poolers may open to Postgres, all databases together."""
        return self.poolers * len(in_cluster()) * self.servers_each


def limits(environment: str) -> Limits:
    """As the overlay sizes them."""
    cluster, pooler = (sized(environment, kind) for kind in ("Cluster", "Pooler"))
    parameters = pooler["pgbouncer"]["parameters"]
    return Limits(
        pooler["instances"],
        int(parameters["max_client_conn"]),
        int(parameters["max_db_connections"]),
        int(cluster["postgresql"]["parameters"]["max_connections"]),
    )


def sized(environment: str, kind: str) -> dict[str, Any]:
    """What the base says, with what the overlay says instead."""
    found: dict[str, Any] = {}
    for path in (
        DATA / "base/postgres.yaml",
        DATA / "base/pgbouncer.yaml",
        DATA / f"overlays/{environment}/sizes.yaml",
    ):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            if document["kind"] == kind:
                found = merged(found, document["spec"])
    return found


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings into each other, everything else replaced."""
    return below | {
        key: merged(below.get(key) or {}, value) if isinstance(value, dict) else value
        for key, value in above.items()
    }


def warm() -> int:
    """Instances that are always there, of functions with a database."""
    return sum(record.min_scale for record in records().values())


def most_clients() -> int:
    """If every function grew as far as it may: a bound that no load reaches, because not all are asked at
    once.
    """
    return len(records()) * MAX_SCALE * THREADS


def busiest(people: int) -> float:
    """Requests in a second of the busiest hour."""
    return people * ASKED * BUSIEST / 3600


def busy(people: int) -> int:
    """Server connections in use at once, by Little's law."""
    return ceil(busiest(people) * HELD)


def main() -> None:
    print(
        f"{len(records())} functions, {len(in_cluster())} databases, {warm()} warm instances, {THREADS} threads each; "
        f"at most {most_clients():,} client connections"
    )
    for environment in ("dev", "staging", "prod"):
        now = limits(environment)
        print(
            f"{environment:8} clients ≤ {now.clients:6,}   servers ≤ {now.servers:4} + {BESIDE} beside   max_connections {now.max_connections}"
        )
    print(f"{'cities':>8}{'people a day':>14}{'requests/s':>12}{'server connections in use':>27}")
    for cities, people in SIZES:
        print(f"{cities:8,}{people:14,}{busiest(people):12,.1f}{busy(people):27}")


if __name__ == "__main__":
    main()
