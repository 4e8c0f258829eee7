"""CPU seconds per 1,000 requests, ours against the naive way, on the same Postgres in one run.

    python -m bench.http_cost [--seconds 5] [--rounds 3] [--only list get] [--keep cost.json]

Ours does everything that the pipeline does: both tenant walls, token, revocation, role, rate limit, outbox,
publishing. One worker, 16 connections, 20 tenants × 5,000 listings. `ratio` is ours / naive of the server's
process tree; Postgres is counted apart; the median of the rounds counts. The two take turns, so that a busy
machine is busy for both.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import psutil

from bench.data import COMPOUNDS, LISTINGS, TENANTS
from bench.stack import NAIVE, OURS, ROOT, Served, Way, cpu, md5, stack

CONNECTIONS = 16
FUNCTIONS = {
    "health": "list-listings",
    "list": "list-listings",
    "get": "get-listing",
    "search": "search-listings",
    "create": "create-listing",
}
GOALS = {"health": 0.2, "list": 0.2, "get": 0.25, "search": 0.25, "create": 0.35}
PEOPLE = 200  # a multiple of TENANTS: each is at home in one


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of request cost in one round: CPU seconds per 1,000, the rest as a client sees it."""

    server: float
    postgres: float
    rate: float
    p50: float
    p99: float
    errors: int


def requests(cell: str, health: str) -> list[str]:
    """2,000 prepared requests of one kind, spread over the tenants; every second one is signed in."""
    return [health_request(health) if cell == "health" else request(cell, n) for n in range(2000)]


def health_request(path: str) -> str:
    """What a platform's probe asks."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def request(cell: str, n: int) -> str:
    """The nth request of a kind."""
    slug = f"city{n % TENANTS + 1}"
    head = f"Host: 127.0.0.1\r\nX-Tenant-ID: {slug}\r\n" + (
        f"Authorization: Bearer {token(n % PEOPLE)}\r\n" if n % 2 or cell == "create" else ""
    )
    category, listing = md5(f"{slug}c{n % 20 + 1}"), md5(f"{slug}l{n % LISTINGS * 10 % LISTINGS + 1}")
    if cell == "create":
        body = json.dumps(
            {
                "categoryId": str(category),
                "title": f"Bench {n}",
                "summary": "Ein Angebot",
                "description": "<p>Text</p>" * 20,
                "location": {"lat": 49.4, "lon": 8.7},
                "tags": ["a", "b"],
                "contact": {"phone": "06221"},
            }
        )
        return f"POST /api/listings HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    path = {
        "list": "/api/listings?limit=20" + (f"&category={category}" if n % 3 == 0 else ""),
        "get": f"/api/listings/{listing}",
        "search": f"/api/listings/search?q={quote(COMPOUNDS[n * 7 % 400])}",
    }[cell]
    return f"GET {path} HTTP/1.1\r\n{head}\r\n"


@lru_cache
def token(person: int) -> str:
    """An editor's token."""
    from shared.auth.signing import issue

    return issue(
        "access",
        md5(f"user{person}"),
        md5(f"t{person % TENANTS + 1}"),
        ["editor"],
        md5(f"s{person}"),
        now=time.time(),
    )[0]


def run(served: Served, seconds: float, texts: list[str], postgres: psutil.Process) -> Cost:
    """Load one server for some seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        before = served.cpu(), cpu(postgres)
        client = [
            sys.executable,
            "-m",
            "bench.client",
            str(served.port),
            str(CONNECTIONS),
            str(seconds),
            file.name,
        ]
        seen = json.loads(subprocess.run(client, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        settle(served)
        after = served.cpu(), cpu(postgres)
    if seen["errors"]:
        raise SystemExit(
            f"{seen['errors']} of {seen['requests']} answers were errors, the first {seen['first_error']}: nothing was measured"
        )
    server, database = ((b - a) * 1000 / seen["requests"] for a, b in zip(before, after, strict=True))
    return Cost(
        server, database, seen["requests"] / seen["seconds"], seen["p50_ms"], seen["p99_ms"], seen["errors"]
    )


def settle(served: Served) -> None:
    """Wait until the server rests: what it does after answering, such as publishing, is part of the price."""
    used = -1.0
    while served.cpu() - used > 0.01:
        used = served.cpu()
        time.sleep(0.2)


def measure(cell: str, way: Way, seconds: float, postgres: psutil.Process) -> Cost:
    """Start a server, warm it for a second, measure it."""
    texts = requests(cell, way.health)
    with way.serving(FUNCTIONS[cell]) as served:
        run(served, 1, texts, postgres)
        return run(served, seconds, texts, postgres)


def median(costs: list[Cost], name: str) -> float:
    """The median round."""
    return float(statistics.median(getattr(cost, name) for cost in costs))


def report(results: dict[tuple[str, str], list[Cost]]) -> None:
    """One line a kind of request; left and right of → naive and ours."""
    print(
        f"{'':8}{'ratio':>7}{'goal':>6}  {'server CPU s/1,000':>20}  {'Postgres CPU s/1,000':>20}  {'requests/s':>16}"
        f"  {'p50 ms':>13}  {'p99 ms':>14}  errors"
    )
    for cell in dict.fromkeys(cell for cell, _ in results):
        naive, ours = results[cell, "naive"], results[cell, "ours"]
        shown = {
            name: (median(naive, name), median(ours, name))
            for name in ("server", "postgres", "rate", "p50", "p99")
        }
        print(
            f"{cell:8}{shown['server'][1] / shown['server'][0]:7.3f}{GOALS[cell]:6.2f}"
            f"  {'{:.3f} → {:.3f}'.format(*shown['server']):>20}  {'{:.3f} → {:.3f}'.format(*shown['postgres']):>20}"
            f"  {'{:,.0f} → {:,.0f}'.format(*shown['rate']):>16}  {'{:.1f} → {:.1f}'.format(*shown['p50']):>13}"
            f"  {'{:.1f} → {:.1f}'.format(*shown['p99']):>14}  {sum(cost.errors for cost in naive + ours)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(FUNCTIONS), choices=list(FUNCTIONS))
    parser.add_argument("--keep", type=Path, help="where the server's CPU goes as JSON, for bench.picture")
    options = parser.parse_args()
    results: dict[tuple[str, str], list[Cost]] = {}
    with stack() as postgres:
        for cell in options.only:
            for _ in range(options.rounds):
                for way in (NAIVE, OURS):
                    results.setdefault((cell, way.name), []).append(
                        measure(cell, way, options.seconds, postgres)
                    )
    report(results)
    if options.keep:
        kept: dict[str, dict[str, float]] = {}
        for (cell, name), costs in results.items():
            kept.setdefault(cell, {})[name] = round(median(costs, "server"), 4)
        options.keep.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
