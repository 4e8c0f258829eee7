"""The health paths that every function answers (requirements §16.3), with the aliases of other platforms."""

from shared.http import Request, Response
from shared.record import Record

LIVE = frozenset({"/health/live", "/healthz", "/_/health", "/health"})
READY = frozenset({"/health/ready", "/health/startup", "/_/ready"})
OK = b'{"status":"ok"}'


def answer(record: Record, request: Request) -> Response | None:
    """The answer when the request is a probe or a scrape, else None."""
    if request.path in LIVE:
        return Response(200, OK)
    if request.path in READY:
        return ready(record)
    if request.path == "/metrics":
        from shared.metrics import TEXT, exposition

        return Response(200, exposition(), TEXT)
    return None


def ready(record: Record) -> Response:
    """200 when the function's database and Redis answer, else 503 naming what does not."""
    import orjson

    checks = {"postgres": ask_postgres(record), "redis": ask_redis()}
    problems = {name: problem for name, problem in checks.items() if problem}
    body = {"status": "unavailable" if problems else "ok", "checks": problems}
    return Response(503 if problems else 200, orjson.dumps(body))


def ask_postgres(record: Record) -> str:
    """What is wrong with the function's database; empty when nothing is."""
    from shared.errors import Unavailable
    from shared.pg import LOST, pool

    try:
        with pool(record.database).take() as connection:
            connection.batch([("SELECT 1", {})])
    except (Unavailable, *LOST):
        return "does not answer"
    return ""


def ask_redis() -> str:
    """What is wrong with Redis; empty when nothing is."""
    from shared.cache import command
    from shared.errors import Unavailable

    try:
        command("PING")
    except Unavailable:
        return "does not answer"
    return ""
