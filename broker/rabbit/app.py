"""The HTTP side: one event in, as Knative's ingress takes it; health and metrics."""

from aiohttp import web

from broker.answers import as_json, body_of, guarded_by, problem
from broker.event import MAX_EVENT_BYTES, Event, NotAnEvent, TooLarge
from broker.rabbit.broker import Broker
from broker.rabbit.link import Away
from broker.wire import read_events


def make_app(broker: Broker, token: str) -> web.Application:
    """The application; without the token only health and metrics answer."""

    async def publish(request: web.Request) -> web.Response:
        try:
            await broker.put(single(read_events(request.headers, await body_of(request))))
        except (NotAnEvent, TooLarge) as error:
            broker.metrics.events.labels("rejected").inc()
            return problem(400 if isinstance(error, NotAnEvent) else 413, str(error))
        except Away as error:
            broker.metrics.events.labels("unavailable").inc()
            return problem(503, str(error))
        broker.metrics.events.labels("accepted").inc()
        return web.Response(status=202)

    async def live(_: web.Request) -> web.Response:
        return as_json({"status": "live"})

    async def ready(_: web.Request) -> web.Response:
        return as_json({"status": "ready"}) if broker.is_ready else problem(503, "RabbitMQ is away")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=broker.metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    app = web.Application(client_max_size=2 * MAX_EVENT_BYTES)
    app.add_routes(
        [
            web.post("/", guarded_by(token)(publish)),
            web.get("/health/live", live),
            web.get("/health/ready", ready),
            web.get("/health/startup", ready),
            web.get("/metrics", metrics),
        ]
    )
    return app


def single(events: list[Event]) -> Event:
    """The one event; Knative's ingress takes no batches."""
    if len(events) != 1:
        raise NotAnEvent("one event at a time")
    return events[0]
