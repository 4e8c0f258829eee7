"""What can go wrong with a call, as OpenAPI says it: the body of §16.5, one example per code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from shared import errors
from shared.binding import BODY_METHODS
from shared.errors import NotFound, Problem
from shared.i18n import Blank
from shared.record import PLACEHOLDER, Record

Document = dict[str, Any]
EXAMPLE = {"timestamp": "2026-11-23T10:30:00.000+00:00", "correlationId": "4bf92f3577b34da6a3ce929d0e0e4736"}
DETAILS: dict[str, Document] = {
    "FORBIDDEN": {"permission": "listings:approve"},
    "RATE_LIMITED": {"retryAfter": 17},
    "PAYLOAD_TOO_LARGE": {"limit": 1048576},
    "UNKNOWN_TENANT": {"tenant": "nowhere"},
    "FEATURE_DISABLED": {"feature": "chatbot"},
    "TERMS_NOT_ACCEPTED": {"version": 3},
    "LOGIN_TOO_OLD": {"minutes": 15},
    "TOKEN_RESTRICTED": {"only": "enrol-second-factor"},
    "VALIDATION_FAILED": {"errors": [{"field": "title", "problem": "Field required", "type": "missing"}]},
    "MALFORMED_JSON": {"problem": "EOF while parsing an object at line 1 column 12"},
}
SCHEMA: Document = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "message", "details", "timestamp", "correlationId", "path"],
            "properties": {
                "code": {
                    "type": "string",
                    "description": "Stable, for programs.",
                    "examples": ["LISTING_NOT_FOUND"],
                },
                "message": {
                    "type": "string",
                    "description": "A sentence for people, in the language of Accept-Language.",
                },
                "details": {
                    "type": "object",
                    "description": "What it is about; for VALIDATION_FAILED `errors`, one per field.",
                },
                "timestamp": {"type": "string", "format": "date-time"},
                "correlationId": {
                    "type": "string",
                    "description": "Names this call in our logs, as X-Correlation-Id does.",
                },
                "path": {"type": "string"},
            },
        }
    },
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that can go wrong, as a caller is told."""

    status: int
    code: str
    message: str
    details: Document

    @classmethod
    def of(cls, problem: type[Problem]) -> Self:
        """With details that fill its sentence."""
        details = DETAILS.get(problem.code, {})
        return cls(problem.status, problem.code, problem.message.format_map(Blank(details)), details)

    @classmethod
    def missing(cls, record: Record) -> Self:
        """What the address names is not there, under its own code: LISTING_NOT_FOUND."""
        names = [name.removesuffix("_id") for name in PLACEHOLDER.findall(record.path)]
        problem = NotFound(
            "".join(part.title() for part in names[-1].split("_")) if names else "Resource", "123"
        )
        return cls(
            problem.status, problem.code, problem.message.format_map(Blank(problem.details)), problem.details
        )


def refusals(record: Record) -> list[Refusal]:
    """Everything that a caller of this function may be told, besides success."""
    found: list[type[Problem]] = [
        errors.BadRequest,
        errors.TokenInvalid,
        errors.TokenExpired,
        errors.TokenRevoked,
        errors.RateLimited,
        errors.Unavailable,
    ]
    if not record.tenantless:
        found += [errors.TenantRequired, errors.TenantMismatch, errors.UnknownTenant, errors.TenantInactive]
    if not record.access.public:
        found += [errors.Unauthenticated, errors.TokenRestricted]
    if record.in_person or (record.access.signed_in and not record.any_token):
        found.append(errors.InPersonOnly)
    if record.fresh_login:
        found.append(errors.LoginTooOld)
    if record.needs_terms:
        found.append(errors.TermsNotAccepted)
    if record.access.permission:
        found.append(errors.Forbidden)
    if record.feature:
        found.append(errors.FeatureDisabled)
    found.append(errors.ValidationFailed)
    if record.method in BODY_METHODS:
        found += [errors.MalformedJson, errors.PayloadTooLarge]
    if record.claims:
        found.append(errors.IdempotencyKeyReused)
    told = [
        Refusal.of(problem) for problem in dict.fromkeys([*found, *record.raises]) if problem is not NotFound
    ]
    return [*told, Refusal.missing(record)] if "{" in record.path or NotFound in record.raises else told


def responses(found: Iterable[Refusal]) -> Document:
    """By status, with the codes as examples."""
    by_status: dict[int, list[Refusal]] = {}
    for problem in found:
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): response(status, group) for status, group in sorted(by_status.items())}


def response(status: int, group: Sequence[Refusal]) -> Document:
    """One status and the codes that it may carry."""
    headers = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}} if status in {429, 503} else {}
    return {
        "description": f"{HTTPStatus(status).phrase}: " + ", ".join(f"`{problem.code}`" for problem in group),
        **({"headers": headers} if headers else {}),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": {
                    problem.code: {"$ref": f"#/components/examples/{problem.code}"} for problem in group
                },
            }
        },
    }


def example(problem: Refusal) -> Document:
    """What the body looks like."""
    error = {
        "code": problem.code,
        "message": problem.message,
        "details": problem.details,
        **EXAMPLE,
        "path": "/api/…",
    }
    return {"summary": problem.message, "value": {"error": error}}
