"""What a push is, and the three ways in which it can fail, whatever service carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from shared.adapters.circuit_breaker import Ended
from shared.adapters.http_client import RETRY_AFTER
from shared.errors import Invalid, Problem, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class PushMessage:
    """One message for one device.

    A device that gets the same `id` twice (at most 64 bytes) shows it once; `ttl` in seconds says how long
    the service keeps it for a device that is off.
    """

    id: str
    title: str
    body: str
    data: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ttl: int = 86400
    urgent: bool = True
    badge: int | None = None


class DeviceGone(Problem):
    """The app was removed or the token replaced: forget this token. `since` is when, if the service says so."""

    status = 410
    message = "This device no longer receives messages."

    def __init__(self, since: datetime | None = None) -> None:
        super().__init__()
        self.since = since


class PushRejected(Invalid):
    """The service will never take this message, or no credentials are set; `reason` is the service's word for
    it.
    """

    message = "The push service refused the message: {reason}"


class PushUnavailable(Unavailable):
    """The service does not answer, is overloaded or does not accept our credentials: try again in
    `retry_after` s.
    """

    message = "The push service is not available for a moment. Try again in a few seconds."

    def __init__(
        self, reason: str = "", retry_after: float = RETRY_AFTER, ended: Ended | None = None
    ) -> None:
        super().__init__()
        self.reason, self.retry_after, self.ended = reason, retry_after, ended

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"

    def response_headers(self) -> dict[str, str]:
        """Retry-After, in whole seconds."""
        return {"Retry-After": str(max(1, round(self.retry_after)))}
