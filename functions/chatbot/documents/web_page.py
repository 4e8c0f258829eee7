"""Fetch a public page: robots.txt respected, no requests into private networks, bounded in size, time and
redirects.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser

from shared.adapters import http_client
from shared.adapters.http_client import Answer, AnswerTooLarge, OutwardUnavailable, TooLate
from shared.adapters.public_addresses import AddressRefused
from shared.errors import Invalid, Unavailable
from shared.kit.settings import settings

AGENT = "HEIDI-Chatbot"
MAX_BYTES = 5 * 1024 * 1024
MAX_SECONDS = 25.0  # for robots.txt, the page and all redirects together


class PageRefused(Invalid):
    message = "The page answered {status}."


class PageTooLarge(Invalid):
    message = "The page is larger than {limit} bytes."


class RobotsRefused(Invalid):
    message = "The site's robots.txt does not allow this page to be read."


class PageUnavailable(Unavailable):
    message = "The page does not answer at the moment. It is tried again."


@dataclass(frozen=True, slots=True)
class Page:
    """What was fetched, and from where after all redirects."""

    url: str
    content_type: str
    body: bytes


def fetch(url: str) -> Page:
    """The page at an address; AddressRefused or one of the errors above when it cannot or must not be read."""
    try:
        with http_client.within(MAX_SECONDS):
            answer = http_client.follow(url, before=check_robots, **how())
    except (OutwardUnavailable, TooLate) as error:
        raise PageUnavailable from error
    except AddressRefused as refused:  # whichever address that was: people know the one that they gave
        raise type(refused)(url=url[:300]) from None
    except AnswerTooLarge:
        raise PageTooLarge(limit=MAX_BYTES) from None
    return page_of(answer)


def page_of(answer: Answer) -> Page:
    """The page, where it was answered with one."""
    if answer.status >= 500:
        raise PageUnavailable
    if answer.status != 200:
        raise PageRefused(status=answer.status)
    return Page(answer.url, answer.headers.get("content-type", ""), answer.body)


def check_robots(url: str) -> None:
    """RobotsRefused when the site forbids the page to robots (RFC 9309); no robots.txt forbids nothing."""
    answer = http_client.call("GET", urljoin(url, "/robots.txt"), **how())
    if answer.status != 200:
        return
    rules = RobotFileParser()
    rules.parse(answer.body.decode("utf-8", "replace").splitlines())
    if not rules.can_fetch(AGENT, url):
        raise RobotsRefused


def how() -> dict[str, Any]:
    """Who asks, and which hosts in private networks this platform's operator lets it read."""
    return {"agent": AGENT, "limit": MAX_BYTES, "private_hosts": settings().scrape_private_hosts.split(",")}
