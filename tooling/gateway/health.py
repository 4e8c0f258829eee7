"""Whether the gateway lives, and whether what its functions need is there."""

import orjson

from shared.health import LIVE, OK, READY, ask_postgres, ask_redis
from shared.http import Response
from tooling.gateway.functions import Functions
from tooling.registry import services


def answer(path: str, functions: Functions) -> Response | None:
    """The answer when the path is a probe's, else None."""
    if path in LIVE:
        return Response(200, OK)
    return ready(functions) if path in READY else None


def ready(functions: Functions) -> Response:
    """200 when Redis and every service's database answer, else 503 naming what does not."""
    one_each = {record.service: record for record in functions.records.values()}
    checks = {
        f"postgres {service}": ask_postgres(one_each[service])
        for service in services()
        if service in one_each
    }
    problems = {name: problem for name, problem in (checks | {"redis": ask_redis()}).items() if problem}
    return Response(
        503 if problems else 200,
        orjson.dumps({"status": "unavailable" if problems else "ok", "checks": problems}),
    )
