"""Errors as named sentences: a stable code, a status, a message that is translated, details that name the
field.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from shared.i18n import thing, translate, written

if TYPE_CHECKING:
    from uuid import UUID

    from shared.adapters.circuit_breaker import Ended
    from shared.field_errors import FieldCode


class Problem(Exception):
    """An answer that is not a success; its code is the class name in capitals (requirements §16.5)."""

    status: ClassVar[int] = 500
    code: str = "INTERNAL_ERROR"
    message: ClassVar[str] = "Something went wrong on our side. Nothing was changed."
    headers: ClassVar[dict[str, str]] = {}
    origin: str = ""  # the class of an exception that nobody foresaw; for logs alone

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.code, details)

    def text(self, language: str, asked: str = "") -> str:
        """The sentence for a person; `asked` is the module of the function that was called (for `NotFound`)."""
        del asked
        return translate(self.key, language, self.message, self.details, type(self).__module__)

    def language(self, wanted: str) -> str:
        """The language that the sentence comes in: English where nobody has translated it yet."""
        return wanted if written(self.key, wanted, type(self).__module__) else "en"

    def told(self, language: str) -> dict[str, Any]:
        """The details; where there are errors of fields, each with its sentence."""
        if "errors" not in self.details:
            return self.details
        from shared.field_errors import sentence

        return self.details | {
            "errors": [
                each | {"message": sentence(each["code"], language, each["limits"])}
                for each in self.details["errors"]
            ]
        }

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
    message = "The body is not valid JSON: it cannot be read from line {line}, column {column} on."


class BodyBroken(BadRequest):
    message = "The body is not whole, or its parts do not say their length as HTTP wants it."


class HostUnclear(BadRequest):
    message = "A request must name exactly one host, in one Host header."


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


class CityPreparing(BadRequest):
    status = 403
    message = "This city's service is not open yet; only its staff can use it so far."


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

    def __init__(self, resource: str = "Resource", id: object = "", **details: Any) -> None:
        super().__init__(resource=resource, id=str(id)[:100], **details)
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", resource).upper()
        self.code = (
            self.code if type(self) is not NotFound or resource == "Resource" else f"{snake}_NOT_FOUND"
        )

    def text(self, language: str, asked: str = "") -> str:
        """The sentence, with the thing's name in the same language, as the function's service calls it."""
        details = dict(self.details)
        if "resource" in details:
            details["resource"] = thing(details["resource"], language, asked)
        return translate(self.key, language, self.message, details, type(self).__module__)


class NoSuchRoute(Problem):
    status = 404
    message = "There is nothing at this address."


class MethodNotAllowed(Problem):
    status = 405
    message = "This address does not answer {method}."

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        """`allowed` is what is answered instead, as far as whoever refuses knows; RFC 9110 §15.5.6 asks for
        it.
        """
        super().__init__(method=method)
        self.allowed = {*allowed, "OPTIONS"}

    def response_headers(self) -> dict[str, str]:
        """What this address does answer."""
        return {"Allow": ", ".join(sorted(self.allowed))}


class RequestTimeout(Problem):
    status = 408
    message = "The rest of the request did not come in time. Please send it again."


class Conflict(Problem):
    status = 409
    message = "This conflicts with what is there already."


class VersionOutdated(Problem):
    """What was read has changed since; `about` is tenant, kind and id, as the audit calls it
    (shared/runtime/edits.py adds who changed what), `seen` the version that the caller names.
    """

    status = 412
    message = "Somebody has changed this meanwhile: it is version {version} now. Read it again, then decide."

    def __init__(
        self, version: int = 0, seen: int | None = None, about: "tuple[UUID, str, UUID] | None" = None
    ) -> None:
        super().__init__(version=version, seen=seen, changes=None)
        self.about = about

    def response_headers(self) -> dict[str, str]:
        """The version that there is."""
        return {"ETag": f'"{self.details["version"]}"'}


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
    """`errors` holds what shared/field_errors.py finds: one entry a field."""

    message = "Some fields are not valid; the details name them."

    @classmethod
    def of(cls, field: str, code: "FieldCode", **limits: Any) -> "ValidationFailed":
        """One field that only the handler could see to be wrong."""
        from shared.field_errors import found

        return cls(errors=[found(field, code, **limits)])


class IdempotencyKeyReused(Invalid):
    message = "This Idempotency-Key was used before with another request."


class VersionRequired(Problem):
    status = 428
    message = "Several people may change this. Say which version you have seen: send its ETag as If-Match."


class RateLimited(Problem):
    status = 429
    message = "Too many requests. Try again in {retryAfter} seconds."
    said: Mapping[str, str] = {}

    def response_headers(self) -> dict[str, str]:
        """Retry-After, in seconds (RFC 9110 §10.2.3), and what else is said of the limit."""
        return {"Retry-After": str(self.details.get("retryAfter", 1)), **self.said}


class HeadersTooLarge(Problem):
    status = 431
    message = "The address and the headers of the request are larger than {limit} bytes."


class UpstreamFailed(Problem):
    status = 502
    message = "A service that we depend on did not answer properly."


class Misconfigured(Problem):
    """Somebody must mend a setting: what is wrong is in the log (shared/kit/misconfiguration.py). Events wait
    for it (decision 4).
    """

    message = "The service is not set up properly; its operators have been told. Nothing was changed."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "60"}
    why = "refuses our settings"  # for readiness; never in the answer


class Unavailable(Problem):
    """Not now; `ended` says what it means for the circuit of an outside system, where it is not simply a
    fault.
    """

    status = 503
    message = "The service is not available for a moment. Try again in a few seconds."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}
    ended: "Ended | None" = None


class Busy(Unavailable):
    """Everything that could do this is doing something else at this moment; nothing was begun."""

    message = "The service has too much to do at the moment. Try again in a second."
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


Problem.code = "INTERNAL_ERROR"
