"""What went wrong, as a body that a person can act on and that leaks nothing (requirements §16.5)."""

import logging
from datetime import UTC, datetime

import orjson

from shared.errors import Busy, Conflict, Invalid, Problem, Unavailable
from shared.http import Request, Response
from shared.languages import DEFAULT, negotiate
from shared.pg import LOST, error_code
from shared.trace import Trace

log = logging.getLogger("heidi.pipeline")


class AlreadyExists(Conflict):
    message = "There is already one like this."


class ReferenceMissing(Invalid):
    message = "Something that this refers to does not exist."


class ValueRefused(Invalid):
    message = "The database refuses a value: it is out of range or not well-formed."


BY_SQLSTATE: dict[str, type[Problem]] = {
    "23505": AlreadyExists,
    "23503": ReferenceMissing,
    "23514": ValueRefused,
    "22": ValueRefused,
    "55P03": Busy,
    "40": Unavailable,
    "53": Unavailable,
    "57": Unavailable,
    "08": Unavailable,
}


def as_problem(error: Exception) -> Problem:
    """The problem behind an exception; what nobody foresaw is logged and stays anonymous."""
    if problem := foreseen(error):
        return problem
    log.error("unexpected error", exc_info=error)
    problem = Problem()
    problem.origin = type(error).__name__
    return problem


def foreseen(error: Exception) -> Problem | None:
    """The problem behind an exception that somebody foresaw, whether a driver or the ORM has raised it."""
    if isinstance(error, Problem):
        return error
    origin = getattr(error, "orig", None) or error
    state = error_code(origin)
    kind = BY_SQLSTATE.get(state) or BY_SQLSTATE.get(state[:2])
    if kind:
        return kind()
    if isinstance(origin, LOST) and type(origin).__module__.startswith(("pg8000", "builtins")):
        return Unavailable()
    return None


def error_response(problem: Problem, request: Request, correlation_id: str) -> Response:
    """The error body, in the reader's language."""
    language = (
        negotiate(request.header("accept-language"), DEFAULT)
        if request.header("accept-language")
        else DEFAULT
    )
    body = {
        "error": {
            "code": problem.code,
            "message": problem.text(language),
            "details": problem.details,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "correlationId": correlation_id,
            "path": request.path,
        }
    }
    headers = problem.response_headers() | {"Content-Language": language, "X-Content-Type-Options": "nosniff"}
    return Response(problem.status, orjson.dumps(body, default=str), headers=headers)


def refusal(problem: Problem, request: Request) -> Response:
    """The error body for a request that no function sees."""
    trace = Trace.start(request.header("traceparent"), request.header("x-correlation-id"))
    response = error_response(problem, request, trace.correlation_id)
    response.headers["X-Correlation-Id"] = trace.correlation_id
    return response
