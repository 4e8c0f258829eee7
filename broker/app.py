"""The broker's HTTP side: events in, health, metrics, and the operator's questions."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from broker.admin import Admin, BadQuestion
from broker.answers import as_json, body_of, guarded_by, problem
from broker.event import NotAnEvent, TooLarge
from broker.ingress import Ingress
from broker.metrics import Metrics
from broker.session import Lost, Refused, Unavailable
from broker.wire import BATCH, read_events

TAKES_BATCHES = {"Accept-Post": BATCH}  # W3C LDP §7.1; publishers look for it (shared/events/publisher.py)
MAX_BODY_BYTES = 16 * 1_048_576
log = logging.getLogger("heidi.broker")


def make_app(
    token: str,
    publishers: str,
    ingress: Ingress,
    admin: Admin,
    metrics: Metrics,
    is_ready: Callable[[], bool],
    behind: Callable[[], float],
    render_metrics: Callable[[], Awaitable[bytes]],
) -> web.Application:
    """Make the application; only health and metrics are open to callers without a token: events need one,
    operators another.
    """
    guard = guarded_by(token)

    async def publish(request: web.Request) -> web.Response:
        try:
            await ingress.put(read_events(request.headers, await body_of(request)))
        except (NotAnEvent, TooLarge) as error:
            metrics.rejected.inc()
            return problem(400 if isinstance(error, NotAnEvent) else 413, str(error))
        except Unavailable as error:
            return problem(503, str(error))
        return web.Response(status=202, headers=TAKES_BATCHES | {"X-Heidi-Behind": f"{behind():.1f}"})

    async def replay(request: web.Request) -> web.Response:
        return await answer(admin.replay(parsed_json(await body_of(request))))

    async def dead(request: web.Request) -> web.Response:
        return await answer(admin.dead(dict(request.query)))

    async def events(request: web.Request) -> web.Response:
        return await answer(admin.events(dict(request.query)))

    async def live(_: web.Request) -> web.Response:
        return as_json({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        return as_json({"status": "ready"}) if is_ready() else problem(503, "the broker's database is away")

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=await render_metrics(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app.add_routes(
        [
            web.post("/", guarded_by(publishers)(publish)),
            web.get("/events", guard(events)),
            web.get("/dead", guard(dead)),
            web.post("/dead/replay", guard(replay)),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/health/startup", ready),
            web.get("/metrics", show_metrics),
        ]
    )
    return app


async def answer(work: Awaitable[dict[str, Any]]) -> web.Response:
    try:
        return as_json(await work)
    except BadQuestion as error:
        return problem(400, str(error))
    except (Lost, Refused) as error:
        log.warning("cannot answer: %s", error)
        return problem(503, "the broker's database does not answer")


def parsed_json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
