"""Firebase Cloud Messaging: Google's token endpoint and `messages:send`, with the errors that Google sends."""

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import jwt

from tooling.thirdparty.clock import Clock
from tooling.thirdparty.config import Config
from tooling.thirdparty.inbox.store import Inbox
from tooling.thirdparty.push.reply import Reply, public_key

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
)
# what google-auth signs for, wherever it sends the assertion
AUDIENCE = "https://oauth2.googleapis.com/token"
LIFETIME = 3599
MAX_PAYLOAD = 4096
RESERVED = ("google", "gcm")
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
# Device tokens that begin like this are answered as Google answers when things go wrong.
REFUSALS: Mapping[str, tuple[int, str, str, Mapping[str, str]]] = {
    "unregistered-": (404, "UNREGISTERED", "Requested entity was not found.", {}),
    "mismatch-": (403, "SENDER_ID_MISMATCH", "SenderId mismatch", {}),
    "quota-": (
        429,
        "QUOTA_EXCEEDED",
        "Resource has been exhausted (e.g. check quota).",
        {"Retry-After": "60"},
    ),
    "unavailable-": (503, "UNAVAILABLE", "The service is currently unavailable.", {"Retry-After": "5"}),
    "internal-": (500, "INTERNAL", "Internal error encountered.", {}),
}


class Fcm:
    """One Firebase project with one service account."""

    def __init__(self, config: Config, inbox: Inbox, clock: Clock) -> None:
        self.config, self.inbox, self.clock = config, inbox, clock
        self.key = public_key(config.firebase_private_key, "FIREBASE_PRIVATE_KEY")
        self.tokens: dict[str, float] = {}

    def token(self, form: Mapping[str, str]) -> Reply:
        """POST /token: an access token for a signed assertion (RFC 7523)."""
        if form.get("grant_type") != GRANT:
            return Reply(400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"})
        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                self.key,  # type: ignore[arg-type]  # made by us, so of this kind
                algorithms=["RS256"],
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "require": ["iss", "aud", "iat", "exp"],
                },
            )
        except jwt.InvalidTokenError:
            return bad_grant("Invalid JWT Signature.")
        if problem := self.problem(claims):
            return bad_grant(problem)
        token = f"ya29.{secrets.token_urlsafe(96)}"
        now = self.clock()
        self.tokens = {known: until for known, until in self.tokens.items() if until > now} | {
            token: now + LIFETIME
        }
        return Reply(200, {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"})

    def problem(self, claims: Mapping[str, Any]) -> str:
        now = self.clock()
        if claims["iss"] != self.config.firebase_client_email:
            return "Invalid grant: account not found"
        if claims["aud"] not in {AUDIENCE, self.config.fcm_token_uri}:
            return "Invalid JWT: Failed audience check."
        if not claims["iat"] - 300 <= now < claims["exp"] <= claims["iat"] + 3600:
            return "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            return "Invalid OAuth scope or ID token audience provided."
        return ""

    def send(self, project: str, authorization: str, body: bytes) -> Reply:
        """The call `POST /v1/projects/{project}/messages:send`."""
        return self.refusal(project, authorization) or self.accept(project, body)

    def refusal(self, project: str, authorization: str) -> Reply | None:
        if self.clock() >= self.tokens.get(authorization.removeprefix("Bearer "), 0):
            return error(401, "", "Request had invalid authentication credentials.")
        if project != self.config.firebase_project_id:
            return error(403, "", f"Permission denied on resource project {project[:100]}.")
        return None

    def accept(self, project: str, body: bytes) -> Reply:
        try:
            request = json.loads(body)
            message = request["message"]
            token = message["token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return invalid("message", "Invalid JSON payload received: a message with a token is needed.")
        if not is_token(token):
            return error(
                400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"
            )
        if problem := next(problems(message), None):
            return invalid(*problem)
        if refusal := next(
            (refusal for prefix, refusal in REFUSALS.items() if token.startswith(prefix)), None
        ):
            return error(*refusal)
        if request.get("validate_only") is True:
            return Reply(200, {"name": f"projects/{project}/messages/fake_message_id"})
        return Reply(200, {"name": self.keep(project, token, message)})

    def keep(self, project: str, token: str, message: Mapping[str, Any]) -> str:
        notification, android = message.get("notification", {}), message.get("android", {})
        reference = android.get("notification", {}).get("tag") or android.get("collapse_key") or ""
        entry = self.inbox.add_push(
            "FCM",
            token,
            str(reference),
            {
                "title": notification.get("title", ""),
                "body": notification.get("body", ""),
                "data": message.get("data", {}),
                "request": message,
            },
        )
        return f"projects/{project}/messages/0:{int(entry.id, 16)}%{secrets.token_hex(8)}"


def problems(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong, the field and a sentence; nobody reads on after the first."""
    data, notification, android = (message.get(name, {}) for name in ("data", "notification", "android"))
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        yield "message.data", "Invalid value: data must be a map of strings"
    if reserved := [name for name in data if name in {"from", "message_type"} or name.startswith(RESERVED)]:
        yield "message.data", f"Invalid data payload key: {reserved[0]}"
    if not isinstance(notification, dict) or not all(
        isinstance(value, str) for value in notification.values()
    ):
        yield "message.notification", "Invalid value: notification must hold strings"
    if not isinstance(android, dict) or not isinstance(android.get("notification", {}), dict):
        yield "message.android", "Invalid value: android and its notification must be objects"
    if (
        len(json.dumps({"data": data, "notification": notification}, ensure_ascii=False).encode())
        > MAX_PAYLOAD
    ):
        yield "message", "Android message is too big"


def is_token(token: object) -> bool:
    return (
        isinstance(token, str)
        and bool(token)
        and not token.startswith("invalid-")
        and not any(map(str.isspace, token))
    )


def invalid(field: str, description: str) -> Reply:
    violation = {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": description}]}
    return error(400, "INVALID_ARGUMENT", description, {}, violation)


def error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, *more: Any
) -> Reply:
    details = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    return Reply(
        status,
        {
            "error": {
                "code": status,
                "message": message,
                "status": STATUSES[status],
                "details": [*details, *more],
            }
        },
        headers or {},
    )


def bad_grant(description: str) -> Reply:
    return Reply(400, {"error": "invalid_grant", "error_description": description})
