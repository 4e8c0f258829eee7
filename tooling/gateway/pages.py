"""The gateway's own pages: what is here, and the documentation of the addresses. Nothing comes from other hosts."""

import html
import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path

import orjson

from shared.http import Request, Response
from shared.record import Record
from tooling.generate.common import by_service, public

STATIC = Path(__file__).parent / "static"
POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json; charset=utf-8",
}
MAILED = ("invitation", "verify-email", "reset-password", "confirm-guest")  # what mails lead to


class Pages:
    """Finds pages by path."""

    def __init__(self, records: Mapping[str, Record], inbox_port: int) -> None:
        self.records, self.inbox_port = records, inbox_port
        self.services = {
            service: len(group) for service, group in by_service(public(records.values())).items()
        }
        self.fixed: dict[str, Callable[[], Response]] = {
            "/": self.home,
            "/api/docs": self.viewer,
            "/api/openapi.json": lambda: Response(200, self.openapi),
            "/links/page.js": lambda: static("links/page.js"),
            "/links/texts.json": lambda: static("links/texts.json"),
            **{f"/{name}": partial(static, f"links/{name}.html") for name in MAILED},
            "/api/docs/viewer.js": lambda: static("viewer.js"),
            "/api/docs/style.css": lambda: static("style.css"),
        }

    def find(self, request: Request) -> Response | None:
        """The page at this address, or None."""
        if request.method not in {"GET", "HEAD"}:
            return None
        found = self.fixed.get(request.path.removesuffix("/") or "/")
        if found:
            return found()
        service = re.fullmatch(r"/api/([a-z_]+)/docs/?", request.path)
        return self.viewer() if service and service[1] in self.services else None

    @cached_property
    def openapi(self) -> bytes:
        """The description of all addresses, made at first use."""
        from tooling.generate.openapi import document

        return orjson.dumps(document(self.records))

    def viewer(self) -> Response:
        """The documentation; its script reads openapi.json and shows the service that the address names."""
        return static("docs.html")

    def home(self) -> Response:
        """What is here."""
        rows = "".join(row(service, count) for service, count in self.services.items())
        page = (STATIC / "home.html").read_text("utf-8")
        body = page.replace("{{functions}}", str(len(self.records))).replace("{{services}}", rows)
        return Response(
            200, body.replace("{{inbox}}", str(self.inbox_port)).encode(), TYPES[".html"], dict(POLICY)
        )


def row(service: str, count: int) -> str:
    """One service with the way to its documentation."""
    name, plural = html.escape(service), "" if count == 1 else "es"
    return f'<li><a href="/api/{name}/docs">{name}</a> <span>{count} address{plural}</span></li>'


def static(name: str) -> Response:
    """A file of ours."""
    path = STATIC / name
    return Response(200, path.read_bytes(), TYPES[path.suffix], dict(POLICY))
