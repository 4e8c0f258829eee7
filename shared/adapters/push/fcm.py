"""Firebase Cloud Messaging, HTTP v1: a service account's token, one message per request, Google's errors
understood.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from shared.adapters.circuit_breaker import Ended, ending_of_status
from shared.adapters.http_client import RETRY_AFTER, wait_of
from shared.adapters.push.http import post
from shared.adapters.push.message import DeviceGone, PushMessage, PushRejected, PushUnavailable

if TYPE_CHECKING:
    import httpx

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
QUOTA_WAIT = 60.0  # Google asks for a minute at least when a quota answer has no Retry-After


@dataclass(frozen=True, slots=True)
class FcmProject:
    """A Firebase project and the service account that may send for it."""

    project_id: str
    client_email: str
    private_key: str = field(repr=False)
    endpoint: str = "https://fcm.googleapis.com"
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)

    @classmethod
    def from_settings(cls) -> Self:
        """The platform's own project; PushRejected while it is not configured."""
        from shared.kit.settings import settings

        now = settings()
        if not (now.firebase_project_id and now.firebase_client_email and now.firebase_private_key):
            raise PushRejected(
                reason="FIREBASE_PROJECT_ID, FIREBASE_CLIENT_EMAIL and FIREBASE_PRIVATE_KEY are not set"
            )
        key = now.firebase_private_key.get_secret_value().replace("\\n", "\n")
        return cls(
            now.firebase_project_id, now.firebase_client_email, key, now.fcm_endpoint, now.fcm_token_uri
        )


class Fcm:
    """Sends for one project; safe to use from several threads."""

    def __init__(self, project: FcmProject) -> None:
        self.project = project
        self.address = (
            f"{project.endpoint.rstrip('/')}/v1/projects/{quote(project.project_id, safe='')}/messages:send"
        )
        self.lock = Lock()
        self.credentials: Any = None

    def send(self, message: PushMessage, token: str) -> None:
        """Hand a message to Google; DeviceGone, PushRejected or PushUnavailable."""
        body = json.dumps({"message": payload_of(message, token)}, ensure_ascii=False).encode()
        bearer = self.bearer()
        response = self.post(body, bearer)
        if response.status_code == 401:  # the token was withdrawn before its time
            response = self.post(body, self.bearer(rejected=bearer))
        if response.status_code != 200:
            raise problem_of(response)

    def post(self, body: bytes, bearer: str) -> "httpx.Response":
        return post(
            self.address, body, {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        )

    def bearer(self, rejected: str = "") -> str:
        """The access token, a new one when it runs out or when Google no longer takes it."""
        from google.auth.exceptions import GoogleAuthError

        with self.lock:
            try:
                if self.credentials is None:
                    self.credentials = self.account()
                if not self.credentials.valid or self.credentials.token == rejected:
                    self.credentials.refresh(token_transport)
            except (GoogleAuthError, ValueError) as error:  # ValueError: the private key is none
                raise PushUnavailable(
                    f"FCM credentials: {error}"[:300], ended=Ended("misconfigured")
                ) from None
            return str(self.credentials.token)

    def account(self) -> Any:
        from google.oauth2.service_account import Credentials

        account = {
            "type": "service_account",
            "client_email": self.project.client_email,
            "private_key": self.project.private_key,
            "token_uri": self.project.token_uri,
        }
        return Credentials.from_service_account_info(account, scopes=[SCOPE])  # type: ignore[no-untyped-call]  # google-auth has no types


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A response as google-auth reads it."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def token_transport(url: str, method: str, body: bytes, headers: Mapping[str, str]) -> TokenAnswer:
    """google-auth's transport; a server that is down is reported at once instead of retried in there for
    seconds.
    """
    if method != "POST":
        raise ValueError("an access token is asked for by POST")
    response = post(url, body, headers)
    if response.status_code == 429 or response.status_code >= 500:
        wait = wait_of(response.headers.get("retry-after"))
        raise PushUnavailable(
            f"token endpoint: {response.status_code}", wait, ending_of_status(response.status_code, wait)
        )
    return TokenAnswer(response.status_code, response.headers, response.content)


def payload_of(message: PushMessage, token: str) -> dict[str, Any]:
    aps = {"sound": "default"} | ({} if message.badge is None else {"badge": message.badge})
    return {
        "token": token,
        "notification": {"title": message.title, "body": message.body},
        "data": dict(message.data),
        "android": {
            "priority": "HIGH" if message.urgent else "NORMAL",
            "ttl": f"{message.ttl}s",
            "notification": {"tag": message.id},
        },
        "apns": {
            "headers": {"apns-collapse-id": message.id, "apns-priority": "10" if message.urgent else "5"},
            "payload": {"aps": aps},
        },
        "webpush": {
            "headers": {"TTL": str(message.ttl), "Urgency": "high" if message.urgent else "normal"},
            "notification": {"tag": message.id},
        },
    }


def problem_of(response: "httpx.Response") -> DeviceGone | PushRejected | PushUnavailable:
    """What an error answer means (firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode)."""
    status, error = response.status_code, error_of(response)
    text = str(error.get("message", ""))
    details = [detail for detail in error.get("details", ()) if isinstance(detail, dict)]
    code = next((detail["errorCode"] for detail in details if "errorCode" in detail), error.get("status", ""))
    fields = {violation.get("field") for detail in details for violation in detail.get("fieldViolations", ())}
    # A malformed token has no code of its own, only this sentence (firebase/firebase-admin-java#1064).
    if code == "UNREGISTERED" or (
        status == 400 and ("message.token" in fields or "registration token" in text)
    ):
        return DeviceGone()
    if status in {401, 429} or status >= 500:
        wait = wait_of(response.headers.get("retry-after"), QUOTA_WAIT if status == 429 else RETRY_AFTER)
        return PushUnavailable(f"FCM {status} {code}", wait, ending_of_status(status, wait))
    # SENDER_ID_MISMATCH, too: with the wrong project configured, every device would look gone.
    return PushRejected(reason=f"FCM {status} {code}: {text}"[:300])


def error_of(response: "httpx.Response") -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
