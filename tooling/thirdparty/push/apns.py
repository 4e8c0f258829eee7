"""Apple Push Notification service: one device per request, a signed provider token, Apple's reasons for
refusing.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import jwt

from tooling.thirdparty.clock import Clock
from tooling.thirdparty.config import Config
from tooling.thirdparty.inbox.store import Inbox
from tooling.thirdparty.push.reply import Reply, public_key

LIFETIME = 3600
MAX_PAYLOAD = 4096
DEVICE = re.compile(r"[0-9a-fA-F]{64,200}")
PUSH_TYPES = frozenset(
    {
        "alert",
        "background",
        "complication",
        "controls",
        "fileprovider",
        "liveactivity",
        "location",
        "mdm",
        "pushtotalk",
        "voip",
        "widgets",
    }
)
# Device tokens that begin like this are answered as Apple answers when things go wrong.
REFUSALS: Mapping[str, tuple[int, str]] = {
    "unregistered-": (410, "Unregistered"),
    "expired-": (410, "ExpiredToken"),
    "topic-": (400, "DeviceTokenNotForTopic"),
    "quota-": (429, "TooManyRequests"),
    "unavailable-": (503, "ServiceUnavailable"),
    "shutdown-": (503, "Shutdown"),
    "internal-": (500, "InternalServerError"),
}


class Apns:
    """One team with one signing key and one app."""

    def __init__(self, config: Config, inbox: Inbox, clock: Clock) -> None:
        self.config, self.inbox, self.clock = config, inbox, clock
        self.key = public_key(config.apns_key, "APNS_KEY")

    def send(self, device: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The call `POST /3/device/{device}`."""
        identity = headers.get("apns-id", "") or str(uuid4())
        status, reason = self.refusal(device, headers, body)
        if reason:
            gone = {"timestamp": int(self.clock() * 1000)} if status == 410 else {}
            return Reply(status, {"reason": reason, **gone}, {"apns-id": identity})
        payload = json.loads(body)
        alert = payload.get("aps", {}).get("alert", "")
        shown = alert if isinstance(alert, dict) else {"body": str(alert)}
        self.inbox.add_push(
            "APNs",
            device,
            headers.get("apns-collapse-id", "") or headers.get("apns-id", ""),
            {
                "title": str(shown.get("title", "")),
                "body": str(shown.get("body", "")),
                "data": {name: value for name, value in payload.items() if name != "aps"},
                "request": payload,
                "headers": {name: value for name, value in headers.items() if name.startswith("apns-")},
            },
        )
        return Reply(200, None, {"apns-id": identity})

    def refusal(self, device: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        return (
            self.token_refusal(headers.get("authorization", ""))
            or self.header_refusal(headers)
            or device_refusal(device)
            or payload_refusal(body)
            or (200, "")
        )

    def token_refusal(self, authorization: str) -> tuple[int, str] | None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return 403, "MissingProviderToken"
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            claims = jwt.decode(
                token,
                self.key,  # type: ignore[arg-type]  # made by us, so of this kind
                algorithms=["ES256"],
                options={"require": ["iss", "iat"], "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return 403, "InvalidProviderToken"
        if kid != self.config.apns_key_id or claims["iss"] != self.config.apns_team_id:
            return 403, "InvalidProviderToken"
        expired = not isinstance(claims["iat"], int) or abs(self.clock() - claims["iat"]) > LIFETIME
        return (403, "ExpiredProviderToken") if expired else None

    def header_refusal(self, headers: Mapping[str, str]) -> tuple[int, str] | None:
        topic = headers.get("apns-topic", "")
        checks = (
            (bool(topic), "MissingTopic"),
            (topic == self.config.apns_topic, "TopicDisallowed"),
            (headers.get("apns-push-type", "alert") in PUSH_TYPES, "InvalidPushType"),
            (is_uuid(headers.get("apns-id", str(UUID(int=0)))), "BadMessageId"),
            (headers.get("apns-priority", "10") in {"1", "5", "10"}, "BadPriority"),
            (headers.get("apns-expiration", "0").isdigit(), "BadExpirationDate"),
            (len(headers.get("apns-collapse-id", "").encode()) <= 64, "BadCollapseId"),
        )
        return next(((400, reason) for good, reason in checks if not good), None)


def device_refusal(device: str) -> tuple[int, str] | None:
    for prefix, refusal in REFUSALS.items():
        if device.startswith(prefix):
            return refusal
    return None if DEVICE.fullmatch(device) else (400, "BadDeviceToken")


def payload_refusal(body: bytes) -> tuple[int, str] | None:
    if len(body) > MAX_PAYLOAD:
        return 413, "PayloadTooLarge"
    try:
        payload: Any = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return 400, "PayloadEmpty"
    aps = payload.get("aps") if isinstance(payload, dict) else None
    return None if isinstance(aps, dict) and aps else (400, "PayloadEmpty")


def is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
