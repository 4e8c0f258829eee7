"""Terms of use: who has not accepted the mandatory ones of their city may read, but not write.

The version in force is in the tenant directory (`Tenant.terms`, 0 for none). What a person has accepted is
known to the function `get-accepted-terms`: GET /api/users/{userId}/terms/accepted answers a number; 0 for
nothing.
"""

from uuid import UUID

from shared.adapters import redis
from shared.auth.tokens import Principal
from shared.errors import TermsNotAccepted
from shared.peers.read_through import forget, recall
from shared.tenancy.tenants import Tenant

SECONDS = 3600
MEMORY = 10_000
accepted: dict[UUID, int] = {}  # only ever grows: an acceptance is not taken back


def refuse_unaccepted(tenant: Tenant, caller: Principal) -> None:
    """TermsNotAccepted for one of the city's own people who has not accepted its terms; others are not bound
    by them.
    """
    if (
        not tenant.terms
        or caller.id is None
        or caller.tenant_id != tenant.id
        or accepted.get(caller.id, 0) >= tenant.terms
    ):
        return
    version = int(
        recall(
            key(tenant.id, caller.id), f"/api/users/{caller.id}/terms/accepted?tenant={tenant.id}", SECONDS
        )
        or 0
    )
    if version < tenant.terms:
        raise TermsNotAccepted(version=tenant.terms)
    if len(accepted) >= MEMORY:
        accepted.clear()
    accepted[caller.id] = version


def has_accepted(tenant_id: UUID, person_id: UUID) -> None:
    """Make it known that a person has just accepted terms."""
    forget(key(tenant_id, person_id))


def key(tenant_id: UUID, person_id: UUID) -> str:
    """Where Redis keeps what a person has accepted."""
    return redis.key(tenant_id, "terms", person_id)
