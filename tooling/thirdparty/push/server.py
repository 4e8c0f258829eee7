"""The push services as one ASGI application."""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from tooling.thirdparty.push.apns import Apns
from tooling.thirdparty.push.fcm import Fcm
from tooling.thirdparty.push.reply import Reply
from tooling.thirdparty.push.webpush import WebPush

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MAX_BODY = 64 * 1024
FCM_SEND = re.compile(r"/v1/projects/([^/]+)/messages:send")
APNS_SEND = re.compile(r"/3/device/([^/]+)")


class PushServices:
    """Routes a request to Google, to Apple, or to a browser's push service."""

    def __init__(self, fcm: Fcm, apns: Apns, web: WebPush, token_path: str) -> None:
        self.fcm, self.apns, self.web, self.token_path = fcm, apns, web, token_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
        elif scope["type"] == "http":
            body = await read(receive)
            reply = Reply(413, {"reason": "PayloadTooLarge"}) if body is None else self.answer(scope, body)
            await write(send, reply)

    def answer(self, scope: Scope, body: bytes) -> Reply:
        """The reply to one whole request."""
        path = scope["raw_path"].decode("latin-1").partition("?")[0]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if path == "/health/ready":
            return Reply(200, {"status": "ready"})
        apns, fcm = APNS_SEND.fullmatch(path), FCM_SEND.fullmatch(path)
        if scope["method"] != "POST":
            return Reply(405, {"reason": "MethodNotAllowed"})
        if apns and scope["http_version"].startswith("2"):  # Apple answers nothing to HTTP/1.1
            return self.apns.send(unquote(apns[1]), headers, body)
        if fcm:
            return self.fcm.send(unquote(fcm[1]), headers.get("authorization", ""), body)
        if path == self.token_path:
            return self.fcm.token(dict(parse_qsl(body.decode("latin-1"))))
        return self.web.answer(path, headers, body) or Reply(404, {"reason": "BadPath"})


async def lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def read(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if event["type"] == "http.disconnect" or not event.get("more_body"):
            return bytes(body)


async def write(send: Send, reply: Reply) -> None:
    body = b"" if reply.body is None else json.dumps(reply.body).encode()
    headers = {
        "content-type": "application/json; charset=UTF-8",
        "content-length": str(len(body)),
        **reply.headers,
    }
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
