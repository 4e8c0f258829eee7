"""CPU seconds of the server process per 1,000 requests, ours against the naive way, on the same Postgres in one run.

    python -m bench.http_cost [--seconds 5] [--rounds 3] [--only list get]

Ours does everything that the pipeline does: both tenant walls, token, revocation, role, rate limit, outbox. One worker,
16 connections, 20 tenants × 5,000 listings. `ratio` is ours / naive; the median of the rounds counts.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psutil

from bench.data import COMPOUNDS, LISTINGS, TENANTS, fill

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = {"health": "list-listings", "list": "list-listings", "get": "get-listing", "search": "search-listings", "create": "create-listing"}
LIMITS = {"health": 0.2, "list": 0.2, "get": 0.25, "search": 0.25, "create": 0.35}


def md5(text: str) -> UUID:
    import hashlib

    return UUID(hashlib.md5(text.encode()).hexdigest())  # noqa: S324 (as data.py makes ids)


def requests(cell: str, health: str) -> list[str]:
    """2,000 prepared requests of one kind, spread over the tenants; every second one is signed in."""
    from shared.tokens import issue

    made = []
    for n in range(2000):
        slug, tenant = f"city{n % TENANTS + 1}", md5(f"t{n % TENANTS + 1}")
        token = issue("access", md5(f"user{n % 200}"), tenant, ["editor"], md5("s"), now=SINCE)[0]
        head = f"Host: 127.0.0.1\r\nX-Tenant-ID: {slug}\r\n" + (f"Authorization: Bearer {token}\r\n" if n % 2 or cell == "create" else "")
        category, listing = md5(f"{slug}c{n % 20 + 1}"), md5(f"{slug}l{n % LISTINGS * 10 % LISTINGS + 1}")
        body = json.dumps({"categoryId": str(category), "title": f"Bench {n}", "summary": "Ein Angebot", "description": "<p>Text</p>" * 20,
                           "location": {"lat": 49.4, "lon": 8.7}, "tags": ["a", "b"], "contact": {"phone": "06221"}})
        path = {"health": health, "list": "/api/listings?limit=20" + (f"&category={category}" if n % 3 == 0 else ""),
                "get": f"/api/listings/{listing}", "search": f"/api/listings/search?q={quote(COMPOUNDS[n * 7 % 400])}",
                "create": "/api/listings"}[cell]
        post = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if cell == "create" else ""
        made.append(f"{'POST' if post else 'GET'} {path} HTTP/1.1\r\n{head}{post}\r\n{body if post else ''}")
    return made


SINCE = time.time()


@contextmanager
def server(argv: list[str], env: dict[str, str], port: int, probe: str):
    """A running server, ready."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(argv, cwd=ROOT, env=os.environ | env | {"PORT": str(port)}, stdout=log, stderr=log)
        try:
            wait(port, probe, process, log)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def wait(port: int, probe: str, process: subprocess.Popen, log) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{probe}", timeout=1).read()
            return
        except OSError:
            time.sleep(0.05)
    log.seek(0)
    raise SystemExit(f"{process.args} did not start:\n{log.read().decode()[-3000:]}")


def cpu(process: psutil.Process) -> float:
    total = 0.0
    for p in [process, *process.children(recursive=True)]:
        times = p.cpu_times()
        total += times.user + times.system
    return total


def run(port: int, connections: int, seconds: float, texts: list[str], process: psutil.Process) -> dict:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(texts, file)
        file.flush()
        before = cpu(process)
        out = subprocess.run([sys.executable, "-m", "bench.client", str(port), str(connections), str(seconds), file.name],
                             cwd=ROOT, capture_output=True, text=True, check=True).stdout
        used = cpu(process) - before
    result = json.loads(out)
    return result | {"cpu_per_1k": used * 1000 / result["requests"]}


def ours(cell: str) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "shared.server"], {"FUNCTION_TARGET": FUNCTIONS[cell]}


def naive(cell: str) -> tuple[list[str], dict[str, str]]:
    return [str(Path(sys.executable).parent / "functions-framework"), "--source", "bench/naive.py", "--target", "api"], {}


def measure(options: argparse.Namespace) -> dict[str, dict[str, list[dict]]]:
    results: dict[str, dict[str, list[dict]]] = {}
    for round_number in range(options.rounds):
        for cell in options.only:
            for name, peer in (("naive", naive), ("ours", ours)):
                argv, env = peer(cell)
                health = "/health" if name == "naive" else "/health/live"
                port = 18300 + round_number
                with server(argv, env, port, health) as process:
                    texts = requests(cell, health)
                    run(port, 16, 1, texts, process)
                    results.setdefault(cell, {}).setdefault(name, []).append(run(port, 16, options.seconds, texts, process))
    return results


def report(results: dict[str, dict[str, list[dict]]]) -> None:
    print(f"{'':8} {'naive':>9} {'ours':>9} {'ratio':>7} {'goal':>6}   CPU s / 1,000 requests; req/s naive → ours; errors")
    for cell, peers in results.items():
        value = {name: statistics.median(r["cpu_per_1k"] for r in rows) for name, rows in peers.items()}
        rate = {name: statistics.median(r["requests"] / r["seconds"] for r in rows) for name, rows in peers.items()}
        errors = sum(r["errors"] for rows in peers.values() for r in rows)
        print(f"{cell:8} {value['naive']:9.3f} {value['ours']:9.3f} {value['ours'] / value['naive']:7.3f} {LIMITS[cell]:6.2f}"
              f"   {rate['naive']:,.0f} → {rate['ours']:,.0f}; {errors}")


@contextmanager
def stack():
    """A Postgres and a Redis for this run, filled; both directories of tenants know the cities."""
    from tooling.stack import databases
    from tooling.stack.postgres import embedded_postgres
    from tooling.stack.redis import embedded_redis

    with ExitStack() as open_:
        directory = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="heidi-bench-")))
        directory.chmod(0o755)
        postgres = open_.enter_context(embedded_postgres(directory))
        redis = open_.enter_context(embedded_redis(directory / "redis"))
        os.environ.update({
            "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(postgres.port), "POSTGRES_PASSWORD": "app", "POSTGRES_OWNER_PASSWORD": "owner",
            "REDIS_URL": redis.url, "RATE_LIMIT_TENANT": "100000000", "RATE_LIMIT_USER": "100000000", "RATE_LIMIT_IP": "100000000",
            "JWT_SECRET": "bench-secret-of-more-than-thirty-two-bytes", "LOG_LEVEL": "ERROR",
            "NAIVE_DATABASE_URL": postgres.url("heidi_core").replace("postgresql:", "postgresql+pg8000:")})
        databases.prepare(postgres, {"heidi_owner": "owner", "heidi_app": "app", "heidi_relay": "relay"}, ["heidi_core"])
        from tooling.migrate import migrate

        migrate("core")
        with postgres.connect("heidi_core") as connection:
            fill(connection)
        remember_tenants()
        url = open_.enter_context(silent_broker())
        os.environ["BROKER_URL"] = url
        yield


def remember_tenants() -> None:
    from shared import cache
    from shared.tenants import Tenant

    for n in range(1, TENANTS + 1):
        tenant = Tenant(id=md5(f"t{n}"), slug=f"city{n}", name=f"City {n}")
        for name in (tenant.slug, str(tenant.id)):
            cache.command("SET", f"directory:{name}", tenant.model_dump_json())


@contextmanager
def silent_broker():
    """A broker that accepts everything: its cost is not the server's."""
    process = subprocess.Popen([sys.executable, "-m", "bench.accept", "18390"], cwd=ROOT)
    try:
        yield "http://127.0.0.1:18390"
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(FUNCTIONS), choices=list(FUNCTIONS))
    options = parser.parse_args()
    with stack():
        report(measure(options))


if __name__ == "__main__":
    main()
