"""Errors as named sentences: a stable code, a status, a message that is translated, details that name the field."""

import re
from typing import Any, ClassVar

from shared.i18n import translate


class Problem(Exception):
    """An answer that is not a success; its code is the class name in capitals (requirements §16.5)."""

    status: ClassVar[int] = 500
    code: str = "INTERNAL_ERROR"
    message: ClassVar[str] = "Something went wrong on our side. Nothing was changed."
    headers: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.code, details)

    def text(self, language: str) -> str:
        """The sentence for a person, in their language."""
        return translate(self.key, language, self.message, self.details)

    @property
    def key(self) -> str:
        """What the translations call this error."""
        return type(self).code

    def response_headers(self) -> dict[str, str]:
        """Headers that belong to this error, such as Retry-After."""
        return self.headers


class BadRequest(Problem):
    status = 400
    message = "The request could not be understood."


class MalformedJson(BadRequest):
    message = "The body is not valid JSON: {problem}"


class TenantRequired(BadRequest):
    message = "Say which city is meant: by its host name, the X-Tenant-ID header or a token."


class TenantMismatch(BadRequest):
    status = 403
    message = "The host name, the X-Tenant-ID header and the token name different cities."


class UnknownTenant(BadRequest):
    status = 404
    message = "There is no city '{tenant}'."


class TenantInactive(BadRequest):
    status = 403
    message = "This city's service is switched off at the moment."


class Unauthenticated(Problem):
    status = 401
    message = "Please log in."
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class TokenInvalid(Unauthenticated):
    message = "The token is not valid."


class TokenExpired(Unauthenticated):
    message = "The token has expired. Use the refresh token to get a new one."


class TokenRevoked(Unauthenticated):
    message = "This session has ended. Please log in again."


class Forbidden(Problem):
    status = 403
    message = "You are not allowed to do this; it needs the permission {permission}."


class TermsNotAccepted(Problem):
    status = 403
    message = "The terms of use have changed. Please read version {version} and accept it first."


class TokenRestricted(Problem):
    status = 403
    message = "This token is good for nothing but: {only}."


class InPersonOnly(Problem):
    status = 403
    message = (
        "Only the person themselves can do this, logged in: no API token, and nobody who acts in their name."
    )


class LoginTooOld(Problem):
    status = 403
    message = "For this you must have logged in within the last {minutes} minutes. Please log in again first."


class FeatureDisabled(Problem):
    status = 403
    message = "The module {feature} is switched off for this city."


class NotFound(Problem):
    status = 404
    message = "{resource} with ID '{id}' was not found."

    def __init__(self, resource: str = "Resource", id: object = "", **details: Any) -> None:  # noqa: A002
        super().__init__(resource=resource, id=str(id)[:100], **details)
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", resource).upper()
        self.code = (
            self.code if type(self) is not NotFound or resource == "Resource" else f"{snake}_NOT_FOUND"
        )


class NoSuchRoute(Problem):
    status = 404
    message = "There is nothing at this address."


class MethodNotAllowed(Problem):
    status = 405
    message = "This address does not answer {method}."


class Conflict(Problem):
    status = 409
    message = "This conflicts with what is there already."


class PayloadTooLarge(Problem):
    status = 413
    message = "The body is larger than {limit} bytes."


class UnsupportedMediaType(Problem):
    status = 415
    message = "The body must be {expected}."


class Invalid(Problem):
    status = 422
    message = "The request is not valid."


class ValidationFailed(Invalid):
    message = "Some fields are not valid; the details name them."


class IdempotencyKeyReused(Invalid):
    message = "This Idempotency-Key was used before with another request."


class RateLimited(Problem):
    status = 429
    message = "Too many requests. Try again in {retryAfter} seconds."

    def response_headers(self) -> dict[str, str]:
        """Retry-After, in seconds (RFC 9110 §10.2.3)."""
        return {"Retry-After": str(self.details.get("retryAfter", 1))}


class UpstreamFailed(Problem):
    status = 502
    message = "A service that we depend on did not answer properly."


class Unavailable(Problem):
    status = 503
    message = "The service is not available for a moment. Try again in a few seconds."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


Problem.code = "INTERNAL_ERROR"
PLATFORM_PROBLEMS = (
    MalformedJson,
    TenantRequired,
    TenantMismatch,
    UnknownTenant,
    TenantInactive,
    PayloadTooLarge,
    ValidationFailed,
    RateLimited,
    Unavailable,
)
