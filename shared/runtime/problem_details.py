"""What went wrong, as a body that a person can act on and that leaks nothing (requirements §16.5)."""

import logging
from datetime import UTC, datetime

import orjson

from shared.db.errors import foreseen
from shared.errors import Problem
from shared.kit.http import Request, Response
from shared.kit.languages import DEFAULT, negotiate
from shared.kit.timestamps import timestamp
from shared.telemetry.trace import Trace

log = logging.getLogger("heidi.pipeline")


def as_problem(error: Exception) -> Problem:
    """The problem behind an exception; what nobody foresaw is logged and stays anonymous."""
    if problem := foreseen(error):
        return problem
    log.error("unexpected error", exc_info=error)
    problem = Problem()
    problem.origin = type(error).__name__
    return problem


def error_response(problem: Problem, request: Request, correlation_id: str, asked: str = "") -> Response:
    """The error body, in the reader's language; `asked` is the module of the function that was called."""
    language = (
        negotiate(request.header("accept-language"), DEFAULT)
        if request.header("accept-language")
        else DEFAULT
    )
    body = {
        "error": {
            "code": problem.code,
            "message": problem.text(language, asked),
            "details": problem.told(language),
            "timestamp": timestamp(datetime.now(UTC), "milliseconds"),
            "correlationId": correlation_id,
            "path": request.path,
        }
    }
    headers = problem.response_headers() | {
        "Content-Language": problem.language(language),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(problem.status, orjson.dumps(body, default=str), headers=headers)


def refusal(problem: Problem, request: Request) -> Response:
    """The error body for a request that no function sees."""
    trace = Trace.start(request.header("traceparent"), request.header("x-correlation-id"))
    response = error_response(problem, request, trace.correlation_id)
    response.headers["X-Correlation-Id"] = trace.correlation_id
    return response
