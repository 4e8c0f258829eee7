"""The one HTTP client for calls to the outside: bounded in time and size, and only to addresses that may be
called.

A name is resolved once and the connection goes to that very address, so that it cannot change its mind
between the check and the request (DNS rebinding). No proxy and no credentials are taken from the environment.
Nothing here waits and tries again: that is the broker's, or a delivery's.
"""

import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared import __version__
from shared.adapters.public_addresses import AddressMalformed, joined, public_address
from shared.errors import Invalid, Unavailable
from shared.telemetry.metrics import outside

if TYPE_CHECKING:
    import ssl

# seconds: to be connected, for one answer of the network, for everything
CONNECT, READ, WHOLE = 3.0, 10.0, 25.0
MAX_BYTES = 5 * 1024 * 1024
AGENT = f"HEIDI/{__version__}"
RETRY_AFTER, LONGEST_WAIT = 10.0, 3600.0  # seconds, where an answer does not say it; at most
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class OutwardUnavailable(Unavailable):
    """No answer, or none in time."""

    message = "{host} does not answer at the moment."


class AnswerTooLarge(Invalid):
    message = "The answer is larger than {limit} bytes."


class TooLate(OSError):
    """The whole call has taken too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, whatever its status, and from where after all redirects; header names are in lower
    case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    limit: int = MAX_BYTES,
    private_hosts: Collection[str] = (),
    agent: str = AGENT,
) -> Answer:
    """One request to an address that somebody else named; redirects are answers (`follow` goes after them).

    AddressRefused, AnswerTooLarge, or OutwardUnavailable. Inside a `within` that one's time counts, else 25
    seconds.
    """
    url = joined(url, "")
    host = urlsplit(url).hostname or ""
    try:
        with bounded(WHOLE):
            answer = answered(
                client_of(private_hosts),
                method,
                url,
                {"User-Agent": agent, "Accept-Encoding": "identity", **(headers or {})},
                body,
                limit,
            )
    except OSError as error:
        outside.count("web", "fault")
        raise OutwardUnavailable(host=host) from error
    outside.count("web", "answered")
    return answer


def follow(
    url: str, *, redirects: int = 5, before: Callable[[str], None] | None = None, **how: Any
) -> Answer:
    """GET an address and go where it leads, at most so many times; `before` is told each address first."""
    url = joined(url, "")
    for _ in range(redirects + 1):
        if before:
            before(url)
        answer = call("GET", url, **how)
        if answer.status not in REDIRECTS:
            break
        url = joined(url, answer.headers.get("location", ""))
    return answer


def answered(http: Any, method: str, url: str, headers: dict[str, str], body: bytes, limit: int) -> Answer:
    """As `call`; what goes wrong on the network is an OSError."""
    import httpx

    try:
        with http, http.stream(method, url, headers=headers, content=body) as answer:
            return Answer(answer.status_code, dict(answer.headers), limited(answer.iter_raw(), limit), url)
    except httpx.InvalidURL:
        raise AddressMalformed(url=url[:300]) from None
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from error


def limited(parts: Iterator[bytes], limit: int) -> bytes:
    """A body, as long as it stays within the limit."""
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > limit:
            raise AnswerTooLarge(limit=limit)
    return bytes(body)


def wait_of(header: str | None, usual: float = RETRY_AFTER) -> float:
    """Seconds to wait by a Retry-After header, which holds seconds or a date; never more than an hour."""
    if not header:
        return usual
    try:
        seconds = (
            float(header)
            if header.isdigit()
            else (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        )
    except (ValueError, TypeError):
        return usual
    return min(max(seconds, 1.0), LONGEST_WAIT)


class Whole:
    """One call as a whole, and the connections that are hung up when its time is over."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.wires: set[socket.socket] = set()

    @property
    def is_over(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self.end

    def uses(self, wire: socket.socket) -> None:
        """Take in a connection; TooLate when the time is over."""
        self.wires.add(wire)
        if self.is_over:
            raise TooLate

    def hang_up(self) -> None:
        """Let whoever reads or writes go on at once, with an error."""
        for wire in list(self.wires):
            with suppress(OSError):
                # an ssl.SSLSocket's own would go on unencrypted
                socket.socket.shutdown(wire, socket.SHUT_RDWR)


whole: ContextVar[Whole | None] = ContextVar("whole", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let everything in this block that uses clients of ours end in time, or with TooLate.

    A timeout bounds each read: a server that sends a byte now and then would hold us for days.
    """
    mine = Whole(seconds)
    token = whole.set(mine)
    try:
        with hung_up(mine):
            yield
        if mine.is_over:  # what was cut off may look complete
            raise TooLate
    finally:
        whole.reset(token)


@contextmanager
def hung_up(mine: Whole) -> Iterator[None]:
    """Have its connections hung up when its time is over before this block is."""
    timer = threading.Timer(max(0.0, mine.end - time.monotonic()), mine.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def bounded(seconds: float) -> AbstractContextManager[None]:
    """As `within`, where nobody around has said how long everything may take."""
    return within(seconds) if whole.get() is None else nullcontext()


def used(wire: socket.socket) -> None:
    """Tell the call that is under way that it uses this connection; TooLate when its time is over."""
    if mine := whole.get():
        mine.uses(wire)


def client_of(private_hosts: Collection[str]) -> Any:
    """A client for one request to an address that somebody else named."""
    import httpx

    return client(httpx, private_hosts=private_hosts)


def client(
    http: ModuleType,
    *,
    trusted: bool = False,
    private_hosts: Collection[str] = (),
    timeout: float = READ,
    **versions: bool,
) -> Any:
    """A client of httpx or of httpx2; `trusted` where the address comes from the operator, who may name what
    they like.
    """
    transport = http.HTTPTransport(verify=tls(http), trust_env=False, **versions)
    transport._pool._network_backend = Backend(transport._pool._network_backend, trusted, private_hosts)  # noqa: SLF001 (no other way in)
    return http.Client(transport=transport, timeout=http.Timeout(timeout, connect=CONNECT), trust_env=False)


@lru_cache
def tls(http: ModuleType) -> "ssl.SSLContext":
    """Certificates are checked; reading the authorities' takes long enough to do it once."""
    context: ssl.SSLContext = http.create_ssl_context()
    return context


class Backend:
    """httpcore's way to the network, with every address checked where it is used."""

    def __init__(self, inner: Any, trusted: bool, private_hosts: Collection[str]) -> None:  # noqa: FBT001 (httpcore calls it so)
        self.inner, self.trusted, self.private_hosts = inner, trusted, private_hosts

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> "Wire":
        """A connection to the very address that was checked."""
        address = host if self.trusted else public_address(host, port, self.private_hosts)
        stream = self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
        return Wire(stream, stream.get_extra_info("socket").dup())


class Wire:
    """A connection that its call can hang up, also while it shakes hands (that is why it has a handle of its
    own).
    """

    def __init__(self, stream: Any, handle: socket.socket) -> None:
        self.stream, self.handle = stream, handle

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes."""
        self.used()
        data: bytes = self.stream.read(max_bytes, timeout)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes."""
        self.used()
        self.stream.write(buffer, timeout)

    def start_tls(self, *how: Any, **more: Any) -> "Wire":
        """The same connection, encrypted."""
        self.used()
        try:
            return Wire(self.stream.start_tls(*how, **more), self.handle)
        except BaseException:
            self.handle.close()  # httpcore closes only its own
            raise

    def close(self) -> None:
        """Both handles."""
        self.handle.close()
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks: whether there is something to read, which protocol was agreed on."""
        return self.stream.get_extra_info(info)

    def used(self) -> None:
        """Tell the call that is under way."""
        used(self.handle)
