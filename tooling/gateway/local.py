"""What a laptop's gateway answers besides: OpenFaaS's API, calls that are answered later, and a page."""

import logging
import re
from uuid import uuid4

from shared.errors import NoSuchRoute, NotFound, Unauthenticated
from shared.kit.forwarded import client_address
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.runtime.gateway.gateway import ADDRESSES, Gateway
from shared.runtime.gateway.routes import Routes
from shared.runtime.pipeline import is_platform
from shared.telemetry.trace import SAFE
from tooling.gateway.async_queue import AsyncQueue
from tooling.gateway.deployments import NAMESPACE, Deployments
from tooling.gateway.pages import Pages
from tooling.gateway.system import LIMIT as SYSTEM_LIMIT
from tooling.gateway.system import System, text
from tooling.ownnames import is_own

BY_NAME = re.compile(r"/(async-)?function/([a-z0-9-]+)(?:\.([a-z0-9-]+))?(/.*)?")


class LocalGateway(Gateway):
    """Answers every request to a laptop."""

    for_pages = (*ADDRESSES, "/function/", "/async-function/")

    def __init__(
        self, functions: Deployments, routes: Routes, system: System, async_queue: AsyncQueue, pages: Pages
    ) -> None:
        super().__init__(functions, routes, system.counted)
        self.system, self.async_queue, self.pages = system, async_queue, pages

    def route(self, request: Request) -> Response:
        """Only where one of this laptop's own names was called; elsewhere a proxy has looked."""
        path = request.path
        if not settings().trust_forwarded_for and not is_own(request.header("host"), settings().base_domain):
            return text(421, "This is not the host that was called.")
        if path.startswith(("/function/", "/async-function/")):
            return self.by_name(request)
        if path.startswith("/system/"):
            return self.system(request, path.removeprefix("/system/"))
        return self.pages.find(request) or super().route(request)

    def body_limit(self, request: Request) -> int:
        """How many bytes this request's body may have: its function says so; none where nobody reads one."""
        by_name = BY_NAME.fullmatch(request.path)
        if by_name and by_name[1]:
            return settings().max_upload_bytes
        if request.path.startswith("/system/"):
            return SYSTEM_LIMIT
        return self.limit_of(by_name[2], request) if by_name else super().body_limit(request)

    def public(self, request: Request) -> Response:
        """A public address, unless its function was removed."""
        if self.routes.find(request.method, request.path) not in self.functions.deployed:
            raise NoSuchRoute
        return super().public(request)

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
        response = super().call(name, request)
        response.headers["X-Call-Id"] = call_id
        return response

    def close(self) -> None:
        """Let followers of logs go, and finish the calls that were promised."""
        logging.getLogger("heidi").removeHandler(self.system.logs)
        self.system.logs.close()
        self.async_queue.close()
        super().close()


def named(request: Request) -> str:
    """The call's id: the caller's own, or a new one."""
    given = request.header("x-call-id")
    call_id = given if SAFE.fullmatch(given) else str(uuid4())
    request.environ["HTTP_X_CALL_ID"] = call_id
    return call_id
