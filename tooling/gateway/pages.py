"""The gateway's own page: what is here. Nothing comes from other hosts."""

import html
from collections.abc import Mapping
from pathlib import Path

from shared.kit.http import Request, Response
from shared.kit.record import Record
from tooling.generate.common import by_service, public

STATIC = Path(__file__).parent / "static"
POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Pages:
    """Finds pages by path."""

    def __init__(self, records: Mapping[str, Record], inbox_port: int) -> None:
        self.records, self.inbox_port = records, inbox_port

    def find(self, request: Request) -> Response | None:
        """The page at this address, or None."""
        return self.home() if request.method in {"GET", "HEAD"} and request.path == "/" else None

    def home(self) -> Response:
        """What is here."""
        services = by_service(public(self.records.values()))
        rows = "".join(row(service, len(group)) for service, group in services.items())
        page = (STATIC / "home.html").read_text("utf-8")
        body = page.replace("{{functions}}", str(len(self.records))).replace("{{services}}", rows)
        return Response(
            200,
            body.replace("{{inbox}}", str(self.inbox_port)).encode(),
            "text/html; charset=utf-8",
            dict(POLICY),
        )


def row(service: str, count: int) -> str:
    """One service with the way to its documentation."""
    name, plural = html.escape(service), "" if count == 1 else "es"
    return f'<li><a href="/api/{name}/docs">{name}</a> <span>{count} address{plural}</span></li>'
