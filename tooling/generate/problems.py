"""What can go wrong with a call, as OpenAPI says it: the body of §16.5, one example per code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from shared import errors
from shared.errors import NotFound, Problem
from shared.i18n import Blank
from shared.kit.record import PLACEHOLDER, Record
from shared.kit.settings import settings
from shared.runtime.binding import BODY_METHODS

Document = dict[str, Any]
LIMITS: Document = {
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
}
EXAMPLE = {"timestamp": "2026-11-23T10:30:00.000Z", "correlationId": "4bf92f3577b34da6a3ce929d0e0e4736"}
DETAILS: dict[str, Document] = {
    "BOUNDARY_INVALID": {"problem": "Self-intersection[8.67 49.41]"},
    "BUILD_NOT_COMPLETED": {"status": "queued"},
    "CATEGORY_EXISTS": {"slug": "events"},
    "CATEGORY_NOT_EMPTY": {"listings": 12, "children": 2},
    "CITY_EXISTS": {"slug": "heidelberg"},
    "CITY_LACKS_IMPRINT": {"language": "de"},
    "CITY_LOGO_INVALID": {"problem": "this is no picture"},
    "CONTRAST_TOO_LOW": {"problem": "text #ffffff / #ffffff 1.00 < 4.5"},
    "DELIVERY_NOT_RETRIABLE": {"state": "delivered"},
    "DOCUMENT_NOT_FAILED": {"state": "ready"},
    "DOCUMENT_TYPE_MISMATCH": {"declared": "application/pdf", "found": "text/html"},
    "DOCUMENT_TYPE_UNSUPPORTED": {
        "declared": "text/calendar",
        "expected": ".pdf, .docx, .html, .htm, .md, .markdown, .txt",
    },
    "DOMAIN_NOT_PROVEN": {"name": "_heidi-challenge.app.heidelberg.example", "value": "3f7c9a"},
    "DOMAIN_PROVEN_ELSEWHERE": {"domain": "app.heidelberg.example"},
    "EXPIRY_OUT_OF_RANGE": {"days": 365},
    "FEATURE_DISABLED": {"feature": "chatbot"},
    "FILE_TOO_LARGE": {"limit": 10485760},
    "FORBIDDEN": {"permission": "listings:approve"},
    "HEADER_INVALID": {"problem": "this is no picture"},
    "LISTING_NOT_PENDING": {"status": "published"},
    "LOGIN_TOO_OLD": {"minutes": 15},
    "MALFORMED_JSON": {"line": 1, "column": 12},
    "MALWARE_FOUND": {"name": "Eicar-Signature"},
    "PASSWORD_TOO_SHORT": {"minimum": 10},
    "PAYLOAD_TOO_LARGE": {"limit": 1048576},
    "PLATFORM_NOT_OFFERED": {"platform": "ios"},
    "QUOTA_EXCEEDED": {"quota": "listings", "limit": 10000},
    "RATE_LIMITED": {"retryAfter": 17},
    "ROLE_NOT_GRANTABLE": {"role": "super_admin"},
    "SCOPE_NOT_HELD": {"scope": "cities:create"},
    "TERMS_NOT_ACCEPTED": {"version": 3},
    "TERMS_OUTDATED": {"version": 3},
    "TERMS_TEXT_MISSING": {"language": "de"},
    "TOKEN_RESTRICTED": {"only": "enrol-second-factor"},
    "TOO_MANY_API_TOKENS": {"most": 50},
    "TOO_MANY_ATTEMPTS": {"retryAfter": 30},
    "TOO_MANY_DOMAINS": {"most": 10},
    "TOO_MANY_TILES": {"limit": 100},
    "VERSION_OUTDATED": {
        "version": 8,
        "seen": 7,
        "changes": [
            {
                "by": "0192f0c1-2d3e-7abc-8def-0123456789ab",
                "at": "2026-11-23T10:29:41Z",
                "fields": ["names"],
            }
        ],
    },
    "UNKNOWN_TENANT": {"tenant": "heidelbreg"},
    "UPLOAD_MISMATCH": {"announced": "image/png", "found": "application/pdf"},
    "VALIDATION_FAILED": {
        "errors": [
            {
                "field": "title",
                "code": "TOO_SHORT",
                "message": "This needs at least 3 characters.",
                "limits": {"minLength": 3},
            }
        ]
    },
}
QUOTAS: dict[str, Document] = {  # of the functions that use up something else than bytes
    "create-listing": {"quota": "listings", "limit": 10_000},
    "rag-query": {"quota": "questions", "limit": 10_000},
    "trigger-build": {"quota": "builds", "limit": 30},
}
BYTES: Document = {"quota": "storage_bytes", "limit": 50 * 2**30}
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
                    "description": "What it is about; for VALIDATION_FAILED `errors`, one per field: its name, a stable `code`,"
                    " a `message` in the reader's language, the `limits` that were missed, as JSON Schema names them.",
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
    def of(cls, problem: type[Problem], own: Document | None = None) -> Self:
        """With details that fill its sentence."""
        details = DETAILS.get(problem.code, {}) if own is None else own
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


def details_of(record: Record) -> dict[str, Document]:
    """What is known of this function alone, by code: its own permission, module, limit and quota."""
    return {
        "FORBIDDEN": {"permission": record.access.permission},
        "FEATURE_DISABLED": {"feature": record.feature},
        "PAYLOAD_TOO_LARGE": {"limit": record.body_limit or settings().max_json_bytes},
        "QUOTA_EXCEEDED": QUOTAS.get(record.name, BYTES),
    }


def refusals(record: Record, own: Mapping[str, Document] | None = None) -> list[Refusal]:
    """Everything that a caller of this function may be told, besides success; `own` details go before those
    that all share.
    """
    own = own or {}
    found: list[type[Problem]] = [
        errors.BadRequest,
        errors.TokenInvalid,
        errors.TokenExpired,
        errors.TokenRevoked,
        errors.RateLimited,
        errors.Misconfigured,
        errors.Busy,
        errors.Unavailable,
    ]
    if not record.tenantless:
        found += [
            errors.TenantRequired,
            errors.TenantMismatch,
            errors.UnknownTenant,
            errors.TenantInactive,
            errors.CityPreparing,
        ]
    if not record.access.public:
        found += [errors.Unauthenticated, errors.TokenRestricted]
    if record.in_person or (record.access.signed_in and not record.allows_api_tokens):
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
        found += [errors.BodyBroken, errors.MalformedJson, errors.PayloadTooLarge, errors.RequestTimeout]
    found += once_only(record)
    distinct = dict.fromkeys([*found, *record.raises])
    told = [Refusal.of(problem, own.get(problem.code)) for problem in distinct if problem is not NotFound]
    return [*told, Refusal.missing(record)] if "{" in record.path or NotFound in record.raises else told


def by_status(found: Iterable[Refusal]) -> dict[int, list[Refusal]]:
    """What can go wrong, by the status that says so."""
    groups: dict[int, list[Refusal]] = {}
    for problem in found:
        groups.setdefault(problem.status, []).append(problem)
    return dict(sorted(groups.items()))


def once_only(record: Record) -> list[type[Problem]]:
    """What keeps writes from being done twice, or over what their caller has not seen."""
    if record.versioned and record.method != "GET":
        return [errors.VersionRequired, errors.VersionOutdated]
    return [errors.IdempotencyKeyReused] if record.claims else []


def responses(found: Iterable[Refusal]) -> Document:
    """By status, as references: what many functions may answer stands in the description once."""
    return {
        str(status): {"$ref": f"#/components/responses/{name(status, group)}"}
        for status, group in by_status(found).items()
    }


def components(everything: Iterable[Iterable[Refusal]]) -> Document:
    """Every answer that `responses` refers to, by name."""
    groups = (group for found in everything for group in by_status(found).items())
    return dict(sorted((name(status, group), response(status, group)) for status, group in groups))


def name(status: int, group: Sequence[Refusal]) -> str:
    """What an answer is called, from what it may say alone: another function's changes nothing of it."""
    return ".".join((str(status), *(problem.code for problem in group)))


def response(status: int, group: Sequence[Refusal]) -> Document:
    """One status and the codes that it may carry."""
    headers = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}} if status in {429, 503} else {}
    headers |= LIMITS if status == 429 else {}
    return {
        "description": f"{phrase(status)}: " + ", ".join(f"`{problem.code}`" for problem in group),
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


def phrase(status: int) -> str:
    """The status in words; those that RFC 9110 §15.5 gave new ones, as Pythons from 3.13 on know them."""
    return {413: "Content Too Large", 422: "Unprocessable Content"}.get(status) or HTTPStatus(status).phrase


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
