"""The door of faults in front of a server of aiohttp's: as an application's outermost middleware, or around the
handler of a low-level server, whose bodies are streamed and not looked at.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tooling.thirdparty.faults import DOOR, LAST, Fault, Faults, Said, instead

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def with_faults(app: web.Application) -> web.Application:
    """The application with its door."""
    faults = Faults()

    @web.middleware
    async def door(request: web.Request, handler: Any) -> web.StreamResponse:
        return await through(faults, request, handler, reads=True)

    app.middlewares.insert(0, door)
    return app


def with_door(app: web.Application, faults: Faults) -> web.Application:
    """The application with the door of another server, which has no HTTP."""

    @web.middleware
    async def door(request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.read() if request.path in (DOOR, LAST) else b""
        at_the_door = faults.door(request.method, request.path, request.host, body)
        return response(at_the_door) if at_the_door else await handler(request)

    app.middlewares.insert(0, door)
    return app


async def through(
    faults: Faults, request: web.BaseRequest, handler: Handler, *, reads: bool
) -> web.StreamResponse:
    """One request: at the door, or past it with what shall go wrong."""
    body = await request.read() if reads or request.path in (DOOR, LAST) else None
    if at_the_door := faults.door(request.method, request.path, request.host, body or b""):
        return response(at_the_door)
    if request.path.startswith("/health"):
        return await handler(request)
    faults.note(request.method, request.raw_path, dict(request.headers), body)
    fault = faults.take()
    await faults.turn(fault, lambda: request.transport is None or request.transport.is_closing())
    try:
        return await wronged(fault, request, handler) if fault else await handler(request)
    finally:
        faults.done(fault)


async def wronged(fault: Fault, request: web.BaseRequest, handler: Handler) -> web.StreamResponse:
    """The answer as the fault wants it."""
    if answer := instead(fault):
        return response(answer)
    if fault.kind == "refuse":
        drop(request)
        return web.Response()
    right = await handler(request)
    if fault.kind == "duplicate" and not isinstance(request, web.Request):
        return right  # its body was streamed: there is no second one
    if fault.kind == "duplicate":
        return await handler(request)
    if fault.kind == "truncate":
        return await cut(request, right)
    return right


async def cut(request: web.BaseRequest, right: web.StreamResponse) -> web.StreamResponse:
    """Half of the answer, whose whole length was said."""
    whole = right.body if isinstance(right, web.Response) and isinstance(right.body, bytes) else b"{}" * 32
    half = web.StreamResponse(status=right.status, headers={"Content-Type": right.content_type})
    half.content_length = len(whole)
    await half.prepare(request)
    await half.write(whole[: len(whole) // 2])
    drop(request)
    return half


def drop(request: web.BaseRequest) -> None:
    """Close the connection."""
    if request.transport:
        request.transport.close()


def response(answer: Said) -> web.Response:
    """As aiohttp wants it."""
    return web.Response(
        status=answer.status, body=answer.body, content_type=answer.content_type, headers=answer.headers
    )
