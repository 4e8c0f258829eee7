"""Fetch a public page: robots.txt respected, no requests into private networks, bounded in size, time and redirects.

Each address is resolved once and the connection goes to that very address, so that a name cannot change its mind between
the check and the request (DNS rebinding).
"""
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from shared.errors import Invalid, Unavailable
from shared.settings import settings

if TYPE_CHECKING:
    import httpx

AGENT = "HEIDI-Chatbot"
MAX_BYTES, MAX_REDIRECTS, TIMEOUT = 5 * 1024 * 1024, 5, 10.0


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
    check_robots(url)
    for _ in range(MAX_REDIRECTS + 1):
        answer, body = get(url)
        if not answer.is_redirect:
            break
        url = urljoin(url, answer.headers.get("location", ""))
        check_robots(url)
    if answer.status_code >= 500:
        raise PageUnavailable
    if answer.status_code != 200:
        raise PageRefused(status=answer.status_code)
    return Page(url, answer.headers.get("content-type", ""), body)


def check_robots(url: str) -> None:
    """RobotsRefused when the site forbids the page to robots (RFC 9309); no robots.txt forbids nothing."""
    answer, body = get(urljoin(url, "/robots.txt"))
    if answer.status_code != 200:
        return
    rules = RobotFileParser()
    rules.parse(body.decode("utf-8", "replace").splitlines())
    if not rules.can_fetch(AGENT, url):
        raise RobotsRefused


def get(url: str) -> "tuple[httpx.Response, bytes]":
    """One request, to an address that was checked."""
    import httpx

    parts = urlsplit(url)
    address = public_address(url)
    host = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()
    headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": AGENT, "Accept-Encoding": "identity"}
    try:
        with httpx.Client(timeout=TIMEOUT, trust_env=False) as client, client.stream(
                "GET", target, headers=headers, extensions={"sni_hostname": parts.hostname}) as answer:
            return answer, limited(answer)
    except httpx.HTTPError as error:
        raise PageUnavailable from error


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
    if parts.hostname not in settings().scrape_private_hosts.split(",") and not all(map(is_public, addresses)):
        raise AddressRefused(url=url[:300], problem="its host is in a private network")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast
