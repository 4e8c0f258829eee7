"""Which web pages may call (Fetch standard, CORS): our own, the configured ones, and those of apps that a
city has registered.

Every function marks its answers and answers preflights; edges only bring those to one that is warm
(`resolve-city`).
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from urllib.parse import quote

from shared.errors import Problem
from shared.kit.forwarded import client_address
from shared.kit.http import Request, Response
from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings

LAPTOP = re.compile(r"https?://(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]{1,255}")
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
HEADERS = (
    "Authorization, Content-Type, Accept-Language, X-Tenant-ID, X-Correlation-Id, Idempotency-Key, If-Match, If-None-Match, "
    "Traceparent, X-Call-Id, Last-Event-ID, X-Access-Secret, X-Proof-Of-Work"
)
EXPOSED = (
    "X-Correlation-Id, X-Call-Id, Content-Language, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed, "
    "Location, ETag"
)
SECONDS = 60  # for which a registered origin is remembered, until it changes


def allows(origin: str, asker: str = "") -> bool:
    """Whether a page of this origin may read our answers; no, where nobody can say."""
    config = settings()
    on_a_laptop = config.environment != "production" and not config.cors_origins
    if (
        origin in config.cors_origins
        or ours(config.base_domain).fullmatch(origin)
        or (on_a_laptop and LAPTOP.fullmatch(origin))
    ):
        return True
    if not ORIGIN.fullmatch(origin):
        return False
    with suppress(Problem):
        return bool(registered(origin, asker))
    return False


@lru_cache(8)
def ours(domain: str) -> re.Pattern[str]:
    """The pages of the platform's own domain."""
    return re.compile(r"https://([a-z0-9-]+\.)?" + re.escape(domain))


def registered(origin: str, asker: str) -> bytes:
    """What is known of an origin that a city's app has named; empty where none has."""
    from shared.peers.read_through import recall

    return recall(key(origin), f"/api/internal/city/origin?origin={quote(origin, safe='')}", SECONDS, asker)


def key(origin: str) -> str:
    """Where Redis remembers it."""
    from shared.adapters import redis

    return redis.key(PLATFORM_ID, "origin", origin)


def mark(request: Request, response: Response) -> None:
    """Let an allowed page read the answer; caches keep the answers for different pages apart."""
    origin = request.header("origin")
    if not origin:
        return
    response.headers.setdefault("Vary", "Origin")  # whoever varies by something else says that, too
    if allows(origin, client_address(request)):
        response.headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": EXPOSED,
        }


def preflight(request: Request, methods: Iterable[str] = METHODS) -> Response:
    """The answer to OPTIONS: what an allowed page may send (`methods` where the address knows its own)."""
    allowed = ", ".join(sorted({*methods, "OPTIONS"}))
    response = Response(204, headers={"Allow": allowed})
    mark(request, response)
    if request.header("access-control-request-method") and "Access-Control-Allow-Origin" in response.headers:
        response.headers |= {
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": "600",
        }
    return response
