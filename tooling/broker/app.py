"""The broker's HTTP side: events in, health, metrics, and the operator's questions."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from shared.inside import is_token
from tooling.broker.admin import Admin, BadQuestion
from tooling.broker.event import NotAnEvent, TooLarge
from tooling.broker.ingress import Ingress
from tooling.broker.metrics import Metrics
from tooling.broker.session import Lost, Refused, Unavailable
from tooling.broker.wire import read_events

MAX_BODY_BYTES = 16 * 1_048_576
log = logging.getLogger("heidi.broker")
Handler = Callable[[web.Request], Awaitable[web.Response]]


def make_app(
    token: str, ingress: Ingress, admin: Admin, metrics: Metrics,
    is_ready: Callable[[], bool], render_metrics: Callable[[], Awaitable[bytes]],
) -> web.Application:
    """Make the application; only health and metrics are open to callers without the token."""
    guard = _guard(token)

    async def publish(request: web.Request) -> web.Response:
        try:
            await ingress.put(read_events(request.headers, await request.read()))
        except (NotAnEvent, TooLarge) as error:
            metrics.rejected.inc()
            return _problem(400 if isinstance(error, NotAnEvent) else 413, str(error))
        except Unavailable as error:
            return _problem(503, str(error))
        return web.Response(status=202)

    async def replay(request: web.Request) -> web.Response:
        return await _answer(admin.replay(_read_json(await request.read())))

    async def dead(request: web.Request) -> web.Response:
        return await _answer(admin.dead(dict(request.query)))

    async def events(request: web.Request) -> web.Response:
        return await _answer(admin.events(dict(request.query)))

    async def live(_: web.Request) -> web.Response:
        return _json({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        return _json({"status": "ready"}) if is_ready() else _problem(503, "the broker's database is away")

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=await render_metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.add_routes([
        web.post("/", guard(publish)), web.get("/events", guard(events)),
        web.get("/dead", guard(dead)), web.post("/dead/replay", guard(replay)),
        web.get("/health/live", live), web.get("/health/ready", ready), web.get("/health/startup", ready),
        web.get("/metrics", show_metrics),
    ])
    return app


def _guard(token: str) -> Callable[[Handler], Handler]:
    def guard(handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not is_token(shown, token):
                return _problem(401, "the broker's token is missing or wrong")
            return await handler(request)

        return guarded

    return guard


async def _answer(work: Awaitable[dict[str, Any]]) -> web.Response:
    try:
        return _json(await work)
    except BadQuestion as error:
        return _problem(400, str(error))
    except (Lost, Refused) as error:
        log.warning("cannot answer: %s", error)
        return _problem(503, "the broker's database does not answer")


def _read_json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _json(body: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _problem(status: int, message: str) -> web.Response:
    headers = {"Retry-After": "1"} if status == 503 else {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = orjson.dumps({"error": message.encode(errors="replace").decode()})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
