"""Which request goes to which of the functions that live here."""

import re
import time

from shared.errors import NoSuchRoute
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.runtime import cors
from shared.runtime.binding import limit
from shared.runtime.gateway import events, health, ticks
from shared.runtime.gateway.counted import Counted
from shared.runtime.gateway.functions import Functions
from shared.runtime.gateway.routes import Routes
from shared.runtime.problem_details import as_problem, refusal
from shared.telemetry import access_log
from shared.telemetry.logs import about
from shared.telemetry.metrics import TEXT
from shared.telemetry.redaction import scrub
from shared.telemetry.spans import IDENTITY

ADDRESSES = ("/api/", "/l/", "/links/", "/.well-known/")
BY_NAME = re.compile(r"/function/([a-z0-9-]+)(/.*)?")


class Gateway:
    """Answers every request to this process."""

    for_pages: tuple[str, ...] = (*ADDRESSES, "/function/")  # what other web pages may call

    def __init__(self, functions: Functions, routes: Routes, counted: Counted) -> None:
        self.functions, self.routes, self.counted = functions, routes, counted

    def __call__(self, request: Request) -> Response:
        """One answer, whatever goes wrong."""
        started = time.perf_counter()
        try:
            response = self.preflight(request) if request.method == "OPTIONS" else self.route(request)
        except Exception as error:  # noqa: BLE001 (the outermost edge: every error gets a body)
            response = refused(error, request, started)
        if request.path.startswith(self.for_pages):
            cors.mark(request, response)
        return response

    def route(self, request: Request) -> Response:
        """By the first part of the path; NoSuchRoute where there is nothing."""
        path = request.path
        if path.startswith(ADDRESSES):
            return self.public(request)
        if path.startswith("/function/"):
            return self.by_name(request)
        if events.are_brought(request):
            return events.hear(self.functions, request)
        if path == "/metrics":
            return Response(200, self.counted.numbers(), TEXT)
        found = health.answer(path, self.functions)
        if found is None:
            raise NoSuchRoute
        return found

    def body_limit(self, request: Request) -> int:
        """How many bytes this request's body may have: its function says so; none where nobody reads one."""
        if events.are_brought(request):
            return settings().max_json_bytes
        by_name = BY_NAME.fullmatch(request.path)
        return self.limit_of(
            by_name[1] if by_name else self.routes.find(request.method, request.path), request
        )

    def limit_of(self, name: str, request: Request) -> int:
        """How many bytes this function wants to read."""
        return limit(self.functions.get(name).record, request)

    def public(self, request: Request) -> Response:
        """A public address."""
        return self.call(self.routes.find(request.method, request.path), request)

    def by_name(self, request: Request) -> Response:
        """/function/<name>[/rest]; the function sees the rest as its path."""
        found = BY_NAME.fullmatch(request.path)
        if found is None:
            raise NoSuchRoute
        name, rest = found.groups()
        with ticks.alone(self.functions.get(name).record, request):
            return self.call(name, Request(request.environ, rest or "/"))

    def call(self, name: str, request: Request) -> Response:
        """Call a function."""
        return self.functions.call(name, request)

    def holds(self, method: str, path: str) -> bool:
        """Whether a function with this address lives here."""
        return method in self.routes.allowed(path)

    def preflight(self, request: Request) -> Response:
        """What may be asked of this address; anything of one that is not ours: an edge asks whoever is warm."""
        if not request.path.startswith(self.for_pages):
            return Response(204, headers={"Allow": ", ".join(cors.METHODS)})
        allowed = self.routes.allowed(request.path) if request.path.startswith(ADDRESSES) else None
        return cors.preflight(request, allowed or cors.METHODS)

    def close(self) -> None:
        """Leave to the other processes what was counted here."""
        if peers := self.counted.peers:
            peers.leave(self.counted.own())


def refused(error: Exception, request: Request, started: float) -> Response:
    """The answer to what reaches no function, and its line: by its path, without ids and addresses of people."""
    problem = as_problem(error)
    response = refusal(problem, request)
    token = about.set({"service": "gateway", "correlationId": response.headers["X-Correlation-Id"]})
    access_log.call(
        request, scrub(IDENTITY.sub("{id}", request.path))[:200], response.status, started, problem
    )
    about.reset(token)
    return response
