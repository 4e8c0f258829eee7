"""Which web pages may call us (Fetch standard, CORS): configured origins, or on a laptop any page of this machine."""

import re
from collections.abc import Iterable

from shared.http import Request, Response

LAPTOP = re.compile(r"https?://(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
HEADERS = "Authorization, Content-Type, Accept-Language, X-Tenant-ID, X-Correlation-Id, Idempotency-Key, Traceparent, X-Call-Id"
EXPOSED = "X-Correlation-Id, X-Call-Id, Content-Language, Retry-After, Idempotency-Replayed, Location"


class Cors:
    """Answers preflights and marks answers."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        """Without origins every page of this machine may call; `*` is not understood, since credentials are sent."""
        self.origins = frozenset(origin.rstrip("/") for origin in origins)

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin may read our answers."""
        return origin in self.origins if self.origins else LAPTOP.fullmatch(origin) is not None

    def preflight(self, request: Request, methods: Iterable[str]) -> Response:
        """The answer to OPTIONS, with what this address allows."""
        allowed = ", ".join(sorted({*methods, "OPTIONS"}))
        headers = {"Allow": allowed}
        if request.header("access-control-request-method") and self.allows(request.header("origin")):
            headers |= {
                "Access-Control-Allow-Methods": allowed,
                "Access-Control-Allow-Headers": HEADERS,
                "Access-Control-Max-Age": "600",
            }
        return Response(204, headers=headers)

    def mark(self, request: Request, response: Response) -> None:
        """Let an allowed page read the answer; caches keep the answers for different pages apart."""
        origin = request.header("origin")
        if not origin:
            return
        response.headers["Vary"] = "Origin"
        if self.allows(origin):
            response.headers |= {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Expose-Headers": EXPOSED,
            }
