"""One request and its answer, between granian's core (ASGI's messages) and our Request and Response."""

import io
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from shared.errors import HeadersTooLarge, HostUnclear, Problem
from shared.kit.http import BARE, Environ, Lasting, Request, Response
from shared.runtime.request_body import Drain, Gone, Held

HEAD = 32 * 1024  # bytes of an address and the headers after it
SLOW_READER = 30.0  # seconds in which a client takes a part of an answer
CODED = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


class Exchange:
    """A request that has come, its body perhaps not yet."""

    __slots__ = ("declared", "held", "is_last", "protocol", "request", "unread", "watcher")

    def __init__(self, watcher: Any) -> None:
        scope = watcher.scope
        self.watcher, self.protocol = watcher, watcher.proto
        self.request = Request(environ(scope), scope["path"] or "/")
        self.declared = length(self.request)
        self.held: Held | None = None  # room that the body takes
        self.unread = False  # more of the body may be on its way
        self.is_last = False  # nothing more is asked on this connection

    def flaw(self) -> Problem | None:
        """What is wrong with the head (RFC 9112 §3.2, RFC 6585 §5); a host that is not named is an empty one
        to granian.
        """
        scope = self.watcher.scope
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) > 1 or (hosts == [b""] and scope["http_version"] == "1.1"):
            return HostUnclear()
        size = len(scope["path"]) + len(scope["query_string"])
        for name, value in headers:
            size += len(name) + len(value)
        return HeadersTooLarge(limit=HEAD) if size > HEAD else None

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.declared != 0 and (
            self.declared is not None or bool(self.request.header("transfer-encoding"))
        )

    def respond(self, response: Response) -> None:
        """Answer; a body that is streamed is sent as its reader takes it."""
        headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
        if response.status not in BARE:
            headers.append((b"content-type", response.content_type.encode()))
        if self.unread or self.is_last:
            headers.append((b"connection", b"close"))
        self.protocol.send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(response.body, bytes):
            self.protocol.send({"type": "http.response.body", "body": response.body})
        else:
            self.stream(response.body)
        if self.unread:
            Drain(self.protocol).read_on()

    def stream(self, parts: Iterable[bytes]) -> None:
        """Send part by part; a part that could not be made breaks the connection off, so that nobody takes it
        for the end.
        """
        iterator: Iterator[bytes] = iter(parts)
        gone = threading.Event()

        def leave() -> None:
            gone.set()
            if isinstance(parts, Lasting):
                parts.end()

        Gone(self.protocol, leave).read_on()
        is_done = False
        try:
            for part in iterator:
                sending = self.protocol.send({"type": "http.response.body", "body": part, "more_body": True})
                if gone.is_set() or not taken(sending):
                    return
            self.protocol.send({"type": "http.response.body", "body": b""})
            is_done = True
        finally:
            getattr(iterator, "close", lambda: None)()
            if not is_done:
                self.break_off()

    def let_go(self) -> None:
        """The body is not needed any longer."""
        if self.held:
            self.held.free()

    def break_off(self) -> None:
        """End the connection; with a 500 where nothing was sent yet."""
        self.watcher.done()


def environ(scope: dict[str, Any]) -> Environ:
    """A WSGI environment (PEP 3333), as far as we read one; repeated headers are joined with commas."""
    found: Environ = {
        "REQUEST_METHOD": scope["method"],
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": scope["client"][0],
    }
    for name, value in scope["headers"]:
        variable = variable_of(name)
        text = value.decode() if value.isascii() else ""
        found[variable] = f"{found[variable]},{text}" if variable in found else text
    found.pop("", None)
    return found


@lru_cache(512)
def variable_of(name: bytes) -> str:
    """What a header is called in the environment; nothing for X_Tenant_ID, which would be X-Tenant-ID there."""
    if b"_" in name:
        return ""
    return CODED.get(name) or "HTTP_" + name.decode().upper().replace("-", "_")


def length(request: Request) -> int | None:
    """What Content-Length says."""
    text: str = request.environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def taken(sending: Any) -> bool:
    """Wait until there is room for more; False when the client takes nothing for too long."""
    if not hasattr(sending, "add_done_callback"):
        return True
    has_room = threading.Event()
    sending.add_done_callback(lambda _: has_room.set())
    return has_room.wait(SLOW_READER) or not sending.cancel()


def with_body(exchange: Exchange, body: bytes, *, unread: bool) -> None:
    """The body has come."""
    exchange.request.environ["wsgi.input"] = io.BytesIO(body)
    exchange.unread = unread
