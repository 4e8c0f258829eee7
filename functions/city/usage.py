"""What a city uses: each service counts its own kinds, and is asked."""

from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared import inside
from shared.errors import Unavailable
from shared.quotas import Kind
from shared.schema import Schema
from shared.tenants import Tenant

COUNTED_BY: dict[str, tuple[Kind, ...]] = {
    "core": ("listings", "storage_bytes"),
    "factory": ("builds",),
    "chatbot": ("questions",),
}
COUNTS: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])
SECONDS = 3


class Use(Schema):
    """How much of one kind; `used` is null where the service did not answer, `limit` where there is none."""

    used: int | None = None
    limit: int | None = None


class UsageOut(Schema):
    """What a city uses: listings and bytes now, builds and questions in this month (UTC). `missing` services did not answer."""

    listings: Use
    storage_bytes: Use
    builds: Use
    questions: Use
    month: str
    missing: list[str]


def gathered(tenant: Tenant, *, month: str) -> UsageOut:
    """The answers of all services, beside the city's quotas."""
    counts = {service: asked(service, tenant.id) for service in COUNTED_BY}
    use = {
        kind: Use(used=None if found is None else found.get(kind, 0), limit=tenant.quotas.get(kind))
        for service, found in counts.items()
        for kind in COUNTED_BY[service]
    }
    return UsageOut(
        **use, month=month, missing=[service for service, found in counts.items() if found is None]
    )


def asked(service: str, tenant_id: UUID) -> dict[str, int] | None:
    """What a service has counted; None where it does not say."""
    try:
        return COUNTS.validate_json(inside.ask(f"/api/internal/{service}/usage", tenant_id, timeout=SECONDS))
    except (Unavailable, ValidationError):
        return None
