"""What a city uses: each service counts its own kinds, and is asked."""

from typing import get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared.errors import Unavailable
from shared.kit.keepers import FUNCTIONS
from shared.peers import internal_calls
from shared.quotas import Kind
from shared.schema import Schema
from shared.tenancy.tenants import Tenant

HERE = "city"
BESIDES: dict[str, tuple[Kind, ...]] = {
    "core": ("listings",),
    "factory": ("builds",),
    "chatbot": ("questions",),
}
# all that store files count bytes, and answer; this one counts its own
COUNTED_BY: dict[str, tuple[Kind, ...]] = {
    service: (*BESIDES.get(service, ()), "storage_bytes")
    for service in sorted({HERE, *(path.parent.name for path in FUNCTIONS.glob("*/get_*_usage.py"))})
}
COUNTS: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])
SECONDS = 3


class Use(Schema):
    """How much of one kind; `used` is null where the service did not answer, `limit` where there is none."""

    used: int | None = None
    limit: int | None = None


class Stored(Use):
    """Bytes in all services, and in each that answered; `used` is null where one did not."""

    by_service: dict[str, int]


class UsageOut(Schema):
    """What a city uses: listings and bytes now, builds and questions in this month (UTC). `missing` services
    did not answer.
    """

    listings: Use
    storage_bytes: Stored
    builds: Use
    questions: Use
    month: str
    missing: list[str]


def gathered(tenant: Tenant, here: bytes, *, month: str) -> UsageOut:
    """What is counted here and the answers of all other services, beside the city's quotas."""
    found = {
        service: COUNTS.validate_json(here) if service == HERE else asked(service, tenant.id)
        for service in COUNTED_BY
    }
    missing = [service for service, counts in found.items() if counts is None]
    parts = {
        kind: {
            service: counts.get(kind, 0)
            for service, counts in found.items()
            if counts is not None and kind in COUNTED_BY[service]
        }
        for kind in get_args(Kind)
    }
    use = {
        kind: {"used": total(kind, parts[kind], missing), "limit": tenant.quotas.get(kind)} for kind in parts
    }
    return UsageOut(
        listings=Use(**use["listings"]),
        builds=Use(**use["builds"]),
        questions=Use(**use["questions"]),
        month=month,
        storage_bytes=Stored(**use["storage_bytes"], by_service=parts["storage_bytes"]),
        missing=missing,
    )


def total(kind: Kind, parts: dict[str, int], missing: list[str]) -> int | None:
    """What all services together count of a kind; None where one that counts it did not say."""
    return None if any(kind in COUNTED_BY[service] for service in missing) else sum(parts.values())


def asked(service: str, tenant_id: UUID) -> dict[str, int] | None:
    """What a service has counted; None where it does not say."""
    try:
        return COUNTS.validate_json(
            internal_calls.ask(f"/api/internal/{service}/usage", tenant_id, timeout=SECONDS)
        )
    except (Unavailable, ValidationError):
        return None
