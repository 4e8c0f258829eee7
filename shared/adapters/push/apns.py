"""Apple Push Notification service: HTTP/2, a provider token signed with ES256, Apple's reasons understood."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from shared.adapters.circuit_breaker import Ended, ending_of_status
from shared.adapters.http_client import wait_of
from shared.adapters.push.http import post
from shared.adapters.push.message import DeviceGone, PushMessage, PushRejected, PushUnavailable

if TYPE_CHECKING:
    import httpx

# Apple refuses tokens older than an hour, and those who make new ones more often than every 20 minutes.
FRESH, STALE = 20 * 60, 50 * 60
GONE = frozenset({"BadDeviceToken", "Unregistered", "ExpiredToken"})


@dataclass(frozen=True, slots=True)
class ApnsApp:
    """An app (its bundle id is the topic) and the team's key that may send for it."""

    team_id: str
    key_id: str
    key: str = field(repr=False)
    topic: str
    endpoint: str = "https://api.push.apple.com"

    @classmethod
    def from_settings(cls) -> Self:
        """The platform's own app; PushRejected while it is not configured."""
        from shared.kit.settings import settings

        now = settings()
        if not (now.apns_team_id and now.apns_key_id and now.apns_key and now.apns_topic):
            raise PushRejected(reason="APNS_TEAM_ID, APNS_KEY_ID, APNS_KEY and APNS_TOPIC are not set")
        key = now.apns_key.get_secret_value().replace("\\n", "\n")
        return cls(now.apns_team_id, now.apns_key_id, key, now.apns_topic, now.apns_endpoint)


class Apns:
    """Sends for one app; safe to use from several threads."""

    def __init__(self, app: ApnsApp, clock: Callable[[], float] = time.time) -> None:
        self.app, self.clock = app, clock
        self.lock = Lock()
        self.token, self.made = "", 0.0

    def send(self, message: PushMessage, token: str) -> None:
        """Hand a message to Apple; DeviceGone, PushRejected or PushUnavailable."""
        bearer = self.bearer(STALE)
        response = self.post(message, token, bearer)
        if reason_of(response) == "ExpiredProviderToken" and (newer := self.bearer(FRESH)) != bearer:
            response = self.post(message, token, newer)
        if response.status_code != 200:
            raise problem_of(response)

    def post(self, message: PushMessage, token: str, bearer: str) -> "httpx.Response":
        headers = {
            "authorization": f"bearer {bearer}",
            "apns-topic": self.app.topic,
            "apns-push-type": "alert",
            "apns-id": str(uuid5(NAMESPACE_URL, f"{message.id}/{token}")),
            "apns-collapse-id": message.id,
            "apns-priority": "10" if message.urgent else "5",
            "apns-expiration": str(int(self.clock()) + message.ttl),
        }
        url = f"{self.app.endpoint.rstrip('/')}/3/device/{quote(token, safe='')}"
        return post(url, payload_of(message), headers, http2_only=True)

    def bearer(self, older_than: float) -> str:
        """The provider token, a new one when it is older than so many seconds."""
        import jwt

        with self.lock:
            now = self.clock()
            if not self.token or now - self.made > older_than:
                try:
                    self.token = jwt.encode(
                        {"iss": self.app.team_id, "iat": int(now)},
                        self.app.key,
                        algorithm="ES256",
                        headers={"kid": self.app.key_id},
                    )
                except (ValueError, TypeError, jwt.PyJWTError):
                    raise PushUnavailable(
                        "APNS_KEY is not a P-256 key in PEM format", ended=Ended("misconfigured")
                    ) from None
                self.made = now
            return self.token


def payload_of(message: PushMessage) -> bytes:
    aps: dict[str, Any] = {"alert": {"title": message.title, "body": message.body}, "sound": "default"}
    if message.badge is not None:
        aps["badge"] = message.badge
    custom = {name: value for name, value in message.data.items() if name != "aps"}
    return json.dumps({**custom, "aps": aps}, ensure_ascii=False, separators=(",", ":")).encode()


def problem_of(response: "httpx.Response") -> DeviceGone | PushRejected | PushUnavailable:
    """What a refusal means (developer.apple.com, "Handling notification responses from APNs")."""
    status, reason = response.status_code, reason_of(response)
    if status == 410 or reason in GONE:
        return DeviceGone(gone_since(response))
    if status in {403, 429} or status >= 500:  # 403 speaks of our key, never of this message or device
        wait = wait_of(response.headers.get("retry-after"))
        return PushUnavailable(f"APNs {status} {reason}", wait, ending_of_status(status, wait))
    return PushRejected(reason=f"APNs {status} {reason}")


def body_of(response: "httpx.Response") -> dict[str, Any]:
    try:
        body = response.json() if response.content else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def reason_of(response: "httpx.Response") -> str:
    return str(body_of(response).get("reason", ""))[:100]


def gone_since(response: "httpx.Response") -> datetime | None:
    milliseconds = body_of(response).get("timestamp")
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) else None
