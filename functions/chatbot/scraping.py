"""Fetch a public page: robots.txt respected, no requests into private networks, bounded in size, time and redirects.

Each address is resolved once and the connection goes to that very address, so that a name cannot change its mind between
the check and the request (DNS rebinding).
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from shared.errors import Invalid, Unavailable
from shared.settings import settings

if TYPE_CHECKING:
    import httpx

AGENT = "HEIDI-Chatbot"
MAX_BYTES, MAX_REDIRECTS = 5 * 1024 * 1024, 5
TIMEOUT, MAX_SECONDS = 10.0, 25.0  # for one answer of the network, for everything together
NAT64 = ipaddress.ip_network("64:ff9b::/96")
PUBLIC_V6 = ipaddress.ip_network(
    "2000::/3"
)  # global unicast; what lies outside is a way around or into something
REFUSED = [
    ipaddress.ip_network(net)
    for net in (
        "2002::/16",  # 6to4, which carries any IPv4 address inside
        "192.0.0.0/24",
        "168.63.129.16/32",
    )
]  # where clouds keep their machines' own services (Oracle, Azure)


class AddressRefused(Invalid):
    message = "The address {url} is not a public web page: {problem}."


class PageRefused(Invalid):
    message = "The page answered {status}."


class PageTooLarge(Invalid):
    message = "The page is larger than {limit} bytes."


class RobotsRefused(Invalid):
    message = "The site's robots.txt does not allow this page to be read."


class PageUnavailable(Unavailable):
    message = "The page does not answer at the moment."


@dataclass(frozen=True, slots=True)
class Page:
    """What was fetched, and from where after all redirects."""

    url: str
    content_type: str
    body: bytes


def fetch(url: str) -> Page:
    """The page at an address; one of the errors above when it cannot or must not be read."""
    end = time.monotonic() + MAX_SECONDS
    url = joined(url, "")
    check_robots(url, end)
    for _ in range(MAX_REDIRECTS + 1):
        answer, body = get(url, end)
        if not answer.is_redirect:
            break
        url = joined(url, answer.headers.get("location", ""))
        check_robots(url, end)
    if answer.status_code >= 500:
        raise PageUnavailable
    if answer.status_code != 200:
        raise PageRefused(status=answer.status_code)
    return Page(url, answer.headers.get("content-type", ""), body)


def joined(base: str, location: str) -> str:
    """Where a redirect leads, with its host in ASCII; AddressRefused for what is no address at all."""
    try:
        url = urljoin(base, location)
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        if parts.netloc.isascii():
            return url
        import idna

        return parts._replace(netloc=idna.encode(parts.hostname or "", uts46=True).decode() + port).geturl()
    except ValueError:
        raise AddressRefused(url=(location or base)[:300], problem="it is not well-formed") from None


def check_robots(url: str, end: float) -> None:
    """RobotsRefused when the site forbids the page to robots (RFC 9309); no robots.txt forbids nothing."""
    answer, body = get(urljoin(url, "/robots.txt"), end)
    if answer.status_code != 200:
        return
    rules = RobotFileParser()
    rules.parse(body.decode("utf-8", "replace").splitlines())
    if not rules.can_fetch(AGENT, url):
        raise RobotsRefused


def get(url: str, end: float) -> "tuple[httpx.Response, bytes]":
    """One request, to an address that was checked; PageUnavailable when it is not over at `end`."""
    import httpx

    parts = urlsplit(url)
    address = public_address(url)
    host = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": AGENT, "Accept-Encoding": "identity"}
    try:
        with (
            bounded(end) as trace,
            httpx.Client(timeout=TIMEOUT, trust_env=False) as client,
            client.stream(
                "GET", target, headers=headers, extensions={"sni_hostname": parts.hostname, "trace": trace}
            ) as answer,
        ):
            return answer, limited(answer)
    except httpx.InvalidURL:
        raise AddressRefused(url=url[:300], problem="it is not well-formed") from None
    except httpx.HTTPError as error:
        raise PageUnavailable from error


@contextmanager
def bounded(end: float) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Hang up at `end`: a timeout bounds each read, so a server that sends a byte now and then would hold us for days."""
    wires: list[socket.socket] = []

    def trace(event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            wires.append(info["return_value"].get_extra_info("socket"))

    def hang_up() -> None:
        for wire in wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield trace
        if time.monotonic() >= end:  # what was cut off may look complete
            raise PageUnavailable
    finally:
        timer.cancel()


def limited(answer: "httpx.Response") -> bytes:
    """The body, as long as it stays within the limit."""
    body = bytearray()
    for part in answer.iter_raw():
        body += part
        if len(body) > MAX_BYTES:
            raise PageTooLarge(limit=MAX_BYTES)
    return bytes(body)


def public_address(url: str) -> str:
    """The IP address behind a URL; AddressRefused unless it is http(s) and public, or allowed by SCRAPE_PRIVATE_HOSTS."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise AddressRefused(url=url[:300], problem="it must be http or https, without credentials")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        raise AddressRefused(url=url[:300], problem="its host name is not known") from None
    addresses = [str(entry[4][0]) for entry in found]
    if parts.hostname not in settings().scrape_private_hosts.split(",") and not all(
        map(is_public, addresses)
    ):
        raise AddressRefused(url=url[:300], problem="its host is in a private network")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address, and the IPv4 address that may be inside it, belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in NAT64 else None)
        if inner or ip not in PUBLIC_V6:
            return inner is not None and is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in REFUSED)
