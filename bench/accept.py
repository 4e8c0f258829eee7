"""A broker's ingress that says 202 to everything, for measuring the sender alone."""

import sys

from aiohttp import web


async def accept(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202)


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/", accept)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
