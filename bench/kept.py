"""What a list costs that everybody asks for: signed in, where nothing is kept; anonymous, from Redis; and for
whoever has it already (304).

    python -m bench.kept [--seconds 4] [--rounds 5]

CPU seconds per 1,000 requests of the server and of Postgres, requests a second; one worker, 16 connections,
the first page of as many cities as bench/data.py makes. Redis' own CPU is not counted.
"""

import argparse
import statistics
import urllib.request

from bench.data import TENANTS
from bench.http_cost import PEOPLE, Cost, run, token
from bench.stack import OURS, stack

ASKERS = ("signed in", "anonymous", "has it already")


def asked(asker: str, city: int, port: int) -> str:
    """One request."""
    head = f"GET /api/listings?limit=20 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tenant-ID: city{city + 1}\r\n"
    if asker == "signed in":
        head += f"Authorization: Bearer {token((city + TENANTS) % PEOPLE)}\r\n"
    if asker == "has it already":
        head += f"If-None-Match: {etag(city, port)}\r\n"
    return head + "\r\n"


def etag(city: int, port: int) -> str:
    """The name of a city's first page."""
    question = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/listings?limit=20", headers={"X-Tenant-ID": f"city{city + 1}"}
    )
    with urllib.request.urlopen(question, timeout=5) as answer:
        name: str = answer.headers["ETag"]
        return name


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found: dict[str, list[Cost]] = {asker: [] for asker in ASKERS}
    with stack() as postgres, OURS.serving("list-listings") as served:
        texts = {asker: [asked(asker, city, served.port) for city in range(TENANTS)] for asker in ASKERS}
        for _ in range(options.rounds):
            for asker in ASKERS:
                found[asker].append(run(served, options.seconds, texts[asker], postgres))
    print(f"{'':16}{'server':>8}{'Postgres':>10}{'requests/s':>12}")
    for asker, costs in found.items():
        server, database, rate = (
            statistics.median(getattr(cost, name) for cost in costs)
            for name in ("server", "postgres", "rate")
        )
        print(f"{asker:16}{server:8.3f}{database:10.3f}{rate:12,.0f}")


if __name__ == "__main__":
    main()
