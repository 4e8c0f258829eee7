"""A kept-alive connection to the broker (RFC 9112), in a fifth of the time that http.client takes for a request.

httptools (llhttp) reads the answers; what is sent is ours, one request after the other.
"""

import socket
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from shared.kit.settings import settings

if TYPE_CHECKING:
    import httptools

WITHIN = 3.0  # seconds for each piece of the way
MOST_BYTES = 64 * 1024  # of an answer: an ingress says next to nothing
LOST = (OSError, EOFError, ValueError)


class Answer:
    """The broker's answer as it comes in; header names in lower case."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.is_whole = self.stays_open = False
        self.bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_message_complete(self) -> None:
        """Nothing more belongs to it."""
        self.is_whole = True

    def read(self, connection: socket.socket) -> int:
        """All of it; its status. EOFError when it breaks off, ValueError when it is no HTTP or has no end."""
        parser = new_parser(self)
        while not self.is_whole:
            data = connection.recv(16_384)
            self.bytes += len(data)
            if not data or self.bytes > MOST_BYTES:
                raise EOFError
            parsed(parser, data)
        self.stays_open = "close" not in self.headers.get("connection", "").lower()
        return int(parser.get_status_code())


class Line:
    """One connection, opened when it is first needed."""

    def __init__(self) -> None:
        self.connection: socket.socket | None = None

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str]] | None:
        """Status and headers of the answer, or None where there is none; a connection that has gone stale is
        tried anew.
        """
        request = head(headers, len(body)) + body
        for attempt_is_last in (self.connection is None, True):
            try:
                return self.asked(request)
            except LOST as error:
                self.close()
                if attempt_is_last or isinstance(error, TimeoutError):
                    break
        return None

    def asked(self, request: bytes) -> tuple[int, dict[str, str]]:
        """One request and its answer."""
        if self.connection is None:
            self.connection = connected(address())
        self.connection.sendall(request)
        answer = Answer()
        status = answer.read(self.connection)
        if not answer.stays_open:
            self.close()
        return status, answer.headers

    def close(self) -> None:
        """Give the connection up."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def head(headers: dict[str, str], length: int) -> bytes:
    """Request line and headers. ValueError where a value has a line's end in it."""
    url = address()
    lines = [
        f"POST {url.path or '/'} HTTP/1.1",
        f"host: {url.netloc.rpartition('@')[2]}",
        f"content-length: {length}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        raise ValueError("a header has more than one line")
    return (text + "\r\n\r\n").encode("latin-1")


def connected(url: SplitResult) -> socket.socket:
    """A new connection, with TLS where the address says so."""
    secure = url.scheme == "https"
    host = url.hostname or "127.0.0.1"
    connection = socket.create_connection((host, url.port or (443 if secure else 80)), WITHIN)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not secure:
        return connection
    try:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def address() -> SplitResult:
    """Where the broker takes events."""
    return split(settings().broker_url)


split = lru_cache(4)(urlsplit)


def new_parser(answer: Answer) -> "httptools.HttpResponseParser":
    """What reads an answer."""
    import httptools  # at the first event: readers never publish

    return httptools.HttpResponseParser(answer)


def parsed(parser: "httptools.HttpResponseParser", data: bytes) -> None:
    """Read on. ValueError when that is no HTTP."""
    import httptools

    try:
        parser.feed_data(data)
    except httptools.HttpParserError as error:
        raise ValueError("no HTTP") from error
