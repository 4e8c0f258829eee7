"""Which request goes where."""

import logging
import re
from uuid import uuid4

from shared.errors import NoSuchRoute, NotFound
from shared.http import Request, Response
from shared.metrics import TEXT, exposition
from shared.outcome import as_problem
from shared.settings import settings
from shared.trace import SAFE
from tooling.gateway import health
from tooling.gateway.cors import Cors
from tooling.gateway.functions import NAMESPACE, Functions, refuse
from tooling.gateway.later import Later
from tooling.gateway.pages import Pages
from tooling.gateway.routes import Routes
from tooling.gateway.system import System, text

ANY_METHOD = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
ADDRESSES = ("/api/", "/.well-known/")
FOR_PAGES = (*ADDRESSES, "/function/", "/async-function/")  # what other web pages may call
BY_NAME = re.compile(r"/(async-)?function/([a-z0-9-]+)(?:\.([a-z0-9-]+))?(/.*)?")


class Gateway:
    """Answers every request to this process."""

    def __init__(
        self, functions: Functions, routes: Routes, system: System, later: Later, pages: Pages, cors: Cors
    ) -> None:
        self.functions, self.routes, self.system = functions, routes, system
        self.later, self.pages, self.cors = later, pages, cors

    def __call__(self, request: Request) -> Response:
        """One answer, whatever goes wrong."""
        try:
            response = self.preflight(request) if request.method == "OPTIONS" else self.route(request)
        except Exception as error:  # noqa: BLE001 (the outermost edge: every error gets a body)
            response = refuse(as_problem(error), request)
        if request.path.startswith(FOR_PAGES):
            self.cors.mark(request, response)
        return response

    def route(self, request: Request) -> Response:
        """By the first part of the path."""
        path = request.path
        if path.startswith(ADDRESSES):
            return self.pages.find(request) or self.public(request)
        if path.startswith(("/function/", "/async-function/")):
            return self.by_name(request)
        if path.startswith("/system/"):
            return self.system(request, path.removeprefix("/system/"))
        if path == "/metrics":
            return Response(200, exposition(), TEXT)
        found = health.answer(path, self.functions) or self.pages.find(request)
        if found is None:
            raise NoSuchRoute
        return found

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
        """Promise to call: 202 without a body."""
        call_id = named(request)
        self.later.accept(name, request, request.body(settings().max_upload_bytes))
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
        return self.cors.preflight(request, self.routes.allowed(request.path) if is_public else ANY_METHOD)

    def close(self) -> None:
        """Let followers of logs go, and finish the calls that were promised."""
        logging.getLogger("heidi").removeHandler(self.system.logs)
        self.system.logs.close()
        self.later.close()


def named(request: Request) -> str:
    """The call's id: the caller's own, or a new one."""
    given = request.header("x-call-id")
    call_id = given if SAFE.fullmatch(given) else str(uuid4())
    request.environ["HTTP_X_CALL_ID"] = call_id
    return call_id
