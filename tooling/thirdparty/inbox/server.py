"""The inbox over HTTP: pages for people, JSON for tests and the demonstration."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from tooling.ownnames import is_own
from tooling.thirdparty.inbox.store import Entry, Inbox, Kind, attachments, header, parse_since, text_part

HERE = Path(__file__).parent / "templates"
PAGE = 100
MAX_PAGE = 100_000  # a storm's mails are counted in one look
INBOX: web.AppKey[Inbox] = web.AppKey("inbox", Inbox)
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# A mail's own HTML: no scripts, no forms, no requests to elsewhere but pictures of the local stack; links
# open outside.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data: http://127.0.0.1:* http://localhost:* http://*.localhost:*; frame-ancestors 'self'"
)
templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(inbox: Inbox) -> web.Application:
    """The inbox's pages and its API."""
    app = web.Application(middlewares=[guard])
    app[INBOX] = inbox
    app.add_routes(
        [
            web.get("/", list_page),
            web.get("/style.css", style),
            web.get("/messages/{id}", message_page),
            web.get("/messages/{id}/html", html_part),
            web.get("/messages/{id}/raw", raw),
            web.get("/pushes/{id}", push_page),
            web.get("/api/messages", list_messages),
            web.get("/api/messages/{id}", get_message),
            web.delete("/api/messages", clear_messages),
            web.get("/api/pushes", list_pushes),
            web.delete("/api/pushes", clear_pushes),
            web.get("/health/ready", ready),
        ]
    )
    return app


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that keep a hostile mail from doing anything; a page that has led a name of its own here reads
    nothing.
    """
    if not is_own(request.host):
        raise web.HTTPMisdirectedRequest
    response = await handler(request)
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers.update(
        {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    )
    return response


async def ready(_request: web.Request) -> web.Response:
    """Whether the inbox answers."""
    return web.json_response({"status": "ready"})


async def list_page(request: web.Request) -> web.Response:
    """Mails and pushes together, newest first."""
    to = request.query.get("to", "")
    entries = request.app[INBOX].find(to=to, limit=PAGE)
    refresh = request.query.get("refresh") != "off"
    previews = {entry.id: request.app[INBOX].preview(entry) for entry in entries}
    return page("list.html", entries=entries, previews=previews, to=to, refresh=refresh, limit=PAGE)


async def message_page(request: web.Request) -> web.Response:
    """One mail: its text, its HTML in a frame, its headers."""
    entry = entry_of(request, "mail")
    message, _ = request.app[INBOX].mail(entry)
    headers = [(name, header(message, name)) for name in dict.fromkeys(message.keys())]
    return page(
        "message.html",
        entry=entry,
        text=text_part(message, "plain"),
        has_html=bool(text_part(message, "html")),
        headers=headers,
        attachments=list(attachments(message)),
    )


async def html_part(request: web.Request) -> web.Response:
    """A mail's HTML version, for the frame."""
    message, _ = request.app[INBOX].mail(entry_of(request, "mail"))
    body = '<!doctype html><meta charset="utf-8"><base target="_blank">' + text_part(message, "html")
    return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": MAIL_POLICY})


async def raw(request: web.Request) -> web.Response:
    """A mail as it came over the wire."""
    entry = entry_of(request, "mail")
    return web.Response(body=request.app[INBOX].mail(entry)[1], content_type="text/plain")


async def push_page(request: web.Request) -> web.Response:
    """One push: what the device shows, and the request as the service was given it."""
    entry = entry_of(request, "push")
    push = request.app[INBOX].push(entry)
    return page(
        "push.html", entry=entry, push=push, request=json.dumps(push["request"], indent=2, ensure_ascii=False)
    )


async def style(_request: web.Request) -> web.Response:
    """The pages' style sheet."""
    return web.Response(text=(HERE / "style.css").read_text("utf-8"), content_type="text/css")


async def list_messages(request: web.Request) -> web.Response:
    """The call `GET /api/messages?to=&since=&limit=`."""
    return web.json_response(
        [entry.as_json() for entry in find_entries(request, "mail", request.query.get("to", ""))]
    )


async def get_message(request: web.Request) -> web.Response:
    """GET /api/messages/{id}: with text, html, headers and attachments."""
    entry = entry_of(request, "mail")
    message, content = request.app[INBOX].mail(entry)
    return web.json_response(
        {
            **entry.as_json(),
            "text": text_part(message, "plain"),
            "html": text_part(message, "html"),
            "headers": {name.lower(): header(message, name) for name in message},
            "attachments": list(attachments(message)),
            "size": len(content),
        }
    )


async def list_pushes(request: web.Request) -> web.Response:
    """The call `GET /api/pushes?token=&since=&limit=`."""
    inbox = request.app[INBOX]
    entries = find_entries(request, "push", request.query.get("token", ""))
    return web.json_response([{**entry.as_json(), **inbox.push(entry)} for entry in entries])


async def clear_messages(request: web.Request) -> web.Response:
    """The call `DELETE /api/messages`."""
    return web.json_response({"deleted": request.app[INBOX].clear("mail")})


async def clear_pushes(request: web.Request) -> web.Response:
    """The call `DELETE /api/pushes`."""
    return web.json_response({"deleted": request.app[INBOX].clear("push")})


def find_entries(request: web.Request, kind: Kind, to: str) -> list[Entry]:
    try:
        since = parse_since(request.query.get("since", ""))
        limit = int(request.query.get("limit", PAGE))
    except (ValueError, OverflowError, OSError):
        raise web.HTTPBadRequest(text="since is ISO 8601 or seconds since 1970; limit is a number") from None
    return request.app[INBOX].find(kind, to, since, max(0, min(limit, MAX_PAGE)))


def entry_of(request: web.Request, kind: Kind) -> Entry:
    entry = request.app[INBOX].entries.get(request.match_info["id"])
    if entry is None or entry.kind != kind:
        raise web.HTTPNotFound
    return entry


def page(template: str, **values: Any) -> web.Response:
    return web.Response(text=templates.get_template(template).render(**values), content_type="text/html")
