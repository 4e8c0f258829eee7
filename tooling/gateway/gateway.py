"""Which request goes where."""

import logging
import re
import time
from uuid import uuid4

from shared.errors import NoSuchRoute, NotFound, Unauthenticated
from shared.kit.forwarded import client_address
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.runtime import cors
from shared.runtime.binding import limit
from shared.runtime.pipeline import is_platform
from shared.runtime.problem_details import as_problem, refusal
from shared.telemetry import access_log
from shared.telemetry.logs import about
from shared.telemetry.metrics import TEXT
from shared.telemetry.redaction import scrub
from shared.telemetry.spans import IDENTITY
from shared.telemetry.trace import SAFE
from tooling.gateway import health
from tooling.gateway.async_queue import AsyncQueue
from tooling.gateway.functions import NAMESPACE, Functions
from tooling.gateway.pages import Pages
from tooling.gateway.routes import Routes
from tooling.gateway.system import LIMIT as SYSTEM_LIMIT
from tooling.gateway.system import System, text
from tooling.ownnames import is_own

ANY_METHOD = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
ADDRESSES = ("/api/", "/l/", "/links/", "/.well-known/")
FOR_PAGES = (*ADDRESSES, "/function/", "/async-function/")  # what other web pages may call
BY_NAME = re.compile(r"/(async-)?function/([a-z0-9-]+)(?:\.([a-z0-9-]+))?(/.*)?")


class Gateway:
    """Answers every request to this process."""

    def __init__(
        self, functions: Functions, routes: Routes, system: System, async_queue: AsyncQueue, pages: Pages
    ) -> None:
        self.functions, self.routes, self.system = functions, routes, system
        self.async_queue, self.pages = async_queue, pages

    def __call__(self, request: Request) -> Response:
        """One answer, whatever goes wrong."""
        started = time.perf_counter()
        try:
            response = self.preflight(request) if request.method == "OPTIONS" else self.route(request)
        except Exception as error:  # noqa: BLE001 (the outermost edge: every error gets a body)
            response = refused(error, request, started)
        if request.path.startswith(FOR_PAGES):
            cors.mark(request, response)
        return response

    def route(self, request: Request) -> Response:
        """By the first part of the path; on a laptop only where one of its own names was called: else a proxy
        has looked.
        """
        path = request.path
        if not settings().trust_forwarded_for and not is_own(request.header("host"), settings().base_domain):
            return text(421, "This is not the host that was called.")
        if path.startswith(ADDRESSES):
            return self.public(request)
        if path.startswith(("/function/", "/async-function/")):
            return self.by_name(request)
        if path.startswith("/system/"):
            return self.system(request, path.removeprefix("/system/"))
        if path == "/metrics":
            return Response(200, self.system.counted.numbers(), TEXT)
        found = health.answer(path, self.functions) or self.pages.find(request)
        if found is None:
            raise NoSuchRoute
        return found

    def body_limit(self, request: Request) -> int:
        """How many bytes this request's body may have: its function says so; none where nobody reads one."""
        by_name = BY_NAME.fullmatch(request.path)
        if by_name and by_name[1]:
            return settings().max_upload_bytes
        if request.path.startswith("/system/"):
            return SYSTEM_LIMIT
        name = by_name[2] if by_name else self.routes.find(request.method, request.path)
        return limit(self.functions.get(name).record, request)

    def public(self, request: Request) -> Response:
        """A public address."""
        name = self.routes.find(request.method, request.path)
        if name not in self.functions.deployed:
            raise NoSuchRoute
        return self.call(name, request)

    def by_name(self, request: Request) -> Response:
        """/function/<name>[.<namespace>][/rest], now or later; the function sees the rest as its path."""
        found = BY_NAME.fullmatch(request.path)
        if found is None:
            raise NoSuchRoute
        is_later, name, namespace, rest = found.groups()
        self.functions.get(name)
        if namespace not in {None, NAMESPACE}:
            raise NotFound("Function", f"{name}.{namespace}")
        inner = Request(request.environ, rest or "/")
        return self.accept(name, inner) if is_later else self.call(name, inner)

    def accept(self, name: str, request: Request) -> Response:
        """Promise to call: 202 without a body. Only the platform and `admin` may say where the answer goes."""
        is_admin = self.system.lets_in(request)
        if request.header("x-callback-url") and not (is_admin or is_platform(request)):
            raise Unauthenticated
        if is_admin:
            del request.environ["HTTP_AUTHORIZATION"]  # it opens the gateway; to a function it says nothing
        call_id = named(request)
        address = "" if is_admin or is_platform(request) else client_address(request)
        self.async_queue.accept(name, request, request.body(settings().max_upload_bytes), address)
        return text(202, **{"X-Call-Id": call_id})

    def call(self, name: str, request: Request) -> Response:
        """Call now; the answer carries the call's id."""
        call_id = named(request)
        response = self.functions.call(name, request)
        response.headers["X-Call-Id"] = call_id
        return response

    def preflight(self, request: Request) -> Response:
        """What may be asked of this address."""
        if not request.path.startswith(FOR_PAGES):
            return Response(204, headers={"Allow": ", ".join(ANY_METHOD)})
        is_public = request.path.startswith(ADDRESSES)
        return cors.preflight(request, self.routes.allowed(request.path) if is_public else ANY_METHOD)

    def close(self) -> None:
        """Let followers of logs go, and finish the calls that were promised."""
        logging.getLogger("heidi").removeHandler(self.system.logs)
        self.system.logs.close()
        self.async_queue.close()
        if peers := self.system.counted.peers:
            peers.leave(self.system.counted.own())


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


def named(request: Request) -> str:
    """The call's id: the caller's own, or a new one."""
    given = request.header("x-call-id")
    call_id = given if SAFE.fullmatch(given) else str(uuid4())
    request.environ["HTTP_X_CALL_ID"] = call_id
    return call_id
