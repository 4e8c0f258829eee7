"""Whether this process lives, and whether what its functions need is there."""

from functools import lru_cache

from shared.adapters import circuit_breaker
from shared.kit.http import LIVE, OK, Response
from shared.runtime.gateway.functions import Functions
from shared.runtime.health import READY, STARTED, Check, Troubled, broker, postgres, redis, report
from shared.runtime.registry import services


def answer(path: str, functions: Functions) -> Response | None:
    """The answer when the path is a probe's, else None."""
    if path in LIVE:
        return Response(200, OK)
    return ready(functions, starting=path == STARTED) if path in READY else None


def ready(functions: Functions, *, starting: bool = False) -> Response:
    """200 when Redis and every service's database answer, else 503 naming what does not; and what is missed
    besides.
    """
    databases = {record.service: record.database for record in functions.records.values()}
    needed = {
        f"postgres {service}": postgres(databases[service]) for service in services() if service in databases
    }
    return report(needed | {"redis": redis()}, {"broker": broker(), "outside": outside()}, starting=starting)


@lru_cache(1)
def outside() -> Check:
    """The systems of others that are left alone at the moment (shared/adapters/circuit_breaker.py): calls
    tell that, so nobody has to try.
    """

    def ask() -> None:
        away = [
            f"{dependency}: {state}"
            for dependency, state in sorted(circuit_breaker.states().items())
            if state != "closed"
        ]
        if away:
            raise Troubled(", ".join(away))

    return Check(ask)
