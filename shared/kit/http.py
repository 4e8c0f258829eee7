"""Request and response: a thin reading of a WSGI environment, so that every server and framework can carry
us.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from shared.errors import BadRequest, PayloadTooLarge
from shared.kit.lazy import lazy

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Shape = TypeVar("Shape")
JSON = "application/json"
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# requirements §16.3, with other platforms' names
LIVE = frozenset({"/health/live", "/healthz", "/_/health", "/health"})
OK = b'{"status":"ok"}'
BARE = frozenset({204, 304})  # answers that have no body and say nothing of one
REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Request:
    """One HTTP request. Bodies may come chunked, without a Content-Length (reference: OpenFaaS gateway,
    watchdog).
    """

    def __init__(self, environ: Environ, path: str | None = None) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path = utf8(environ.get("PATH_INFO") or "/") if path is None else path
        self.raw: bytes | None = None  # the body, once somebody has read it
        self.told: dict[str, str] = {}  # headers for the answer, whatever becomes of the call
        # whether another part of the platform calls, once somebody has looked
        self.of_platform: bool | None = None

    def header(self, name: str) -> str:
        """A header's value, or the empty string."""
        value: str = self.environ.get(variable(name), "")
        return value

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        value: str = self.environ.get("CONTENT_TYPE") or ""
        return value.partition(";")[0].strip().lower()

    @lazy
    def query(self) -> dict[str, str | list[str]]:
        """Query parameters; one that is repeated becomes a list."""
        raw: str = self.environ.get("QUERY_STRING", "")
        if not raw:
            return {}
        if "%00" in raw:
            raise BadRequest(query="NUL characters are not allowed")
        found: dict[str, str | list[str]] = {}
        try:
            pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=100, errors="strict")
        except ValueError:  # too many fields, or not UTF-8
            raise BadRequest(query="not a valid query string") from None
        for name, value in pairs:
            seen = found.get(name)
            found[name] = (
                value if seen is None else [*seen, value] if isinstance(seen, list) else [seen, value]
            )
        return found

    def body(self, limit: int) -> bytes:
        """The whole body, however often it is asked for; PayloadTooLarge when it has more than `limit` bytes."""
        if self.raw is None:
            self.raw = self.read(limit)
        return self.raw

    def read(self, limit: int) -> bytes:
        """The body as it comes, once."""
        length = self.environ.get("CONTENT_LENGTH")
        declared = int(length) if length and length.isdigit() else None
        if declared is not None and declared > limit:
            raise PayloadTooLarge(limit=limit)
        if declared == 0:
            return b""
        if "wsgi.input" not in self.environ:  # nothing followed
            return b""
        body: bytes = self.environ["wsgi.input"].read(limit + 1 if declared is None else declared)
        if len(body) > limit:
            raise PayloadTooLarge(limit=limit)
        return body


class Lasting:
    """A body that goes on for long: it is sent in a thread of its own, beside those of the functions, and can
    be told to come to its end. `done` is called once, when it is over, begun or not.
    """

    def __init__(self, parts: Any, done: Callable[[], None]) -> None:
        """`parts` iterate, and have `end` and `close`."""
        self.parts, self.done, self.iterator = parts, done, iter(parts)

    def __iter__(self) -> "Lasting":
        return self

    def __next__(self) -> bytes:
        part: bytes = next(self.iterator)
        return part

    def end(self) -> None:
        """Come to an end soon."""
        self.parts.end()

    def close(self) -> None:
        """It is over."""
        done, self.done = self.done, lambda: None
        self.iterator.close()
        self.parts.close()
        done()

    __del__ = close


@lru_cache(256)
def variable(name: str) -> str:
    """What a header that we ask for is called in the environment."""
    return "HTTP_" + name.upper().replace("-", "_")


def utf8(path: str) -> str:
    """A WSGI path (bytes read as Latin-1, PEP 3333) as the text it stands for; what is not UTF-8 names
    nothing.
    """
    return path if path.isascii() else path.encode("latin-1", "replace").decode(errors="replace")


@dataclass(slots=True)
class Response:
    """One HTTP response; an iterable body is streamed."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def wsgi(self, start: StartResponse) -> Iterable[bytes]:
        """Hand the response to a WSGI server."""
        headers = list(self.headers.items())
        body = self.body
        if self.status not in BARE:
            headers.append(("Content-Type", self.content_type))
        if isinstance(body, bytes):
            if self.status not in BARE:
                headers.append(("Content-Length", str(len(body))))
            start(REASONS.get(self.status, str(self.status)), headers)
            return [body] if body else []
        start(REASONS.get(self.status, str(self.status)), headers)
        return body


class Json(bytes, Generic[Shape]):
    """JSON text that Postgres built, passed through untouched; `Json[X]` says that its shape is X."""
