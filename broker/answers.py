"""What the HTTP sides of both brokers share: who may ask, and how they answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from shared.peers.service_tokens import is_token

Handler = Callable[[web.Request], Awaitable[web.Response]]


def guarded_by(token: str) -> Callable[[Handler], Handler]:
    def guard(handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
            if scheme != "Bearer" or not is_token(shown, token):
                return problem(401, "the broker's token is missing or wrong")
            return await handler(request)

        return guarded

    return guard


async def body_of(request: web.Request) -> bytes:
    """The whole body; whoever hung up before its end (killed, frozen) gets an answer that nobody reads, and
    no traceback.
    """
    try:
        return await request.read()
    except ConnectionError:
        raise web.HTTPBadRequest(reason="the body ended early") from None


def as_json(body: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def problem(status: int, message: str) -> web.Response:
    headers = (
        {"Retry-After": "1"} if status == 503 else {"WWW-Authenticate": "Bearer"} if status == 401 else None
    )
    body = orjson.dumps({"error": message.encode(errors="replace").decode()})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)
