"""Have everything erased about people who were deleted 30 days ago, and ask again where a service has not
confirmed it.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from events.privacy import UserDeleted
from functions.users.erasure.deletion import GRACE
from functions.users.erasure.queries import BEGIN, EXPIRED, LATE, REMIND
from shared.db import relay_role
from shared.function import Context, tick
from shared.kit.keepers import KEEPERS
from shared.tenancy import tenants

PATIENCE = timedelta(days=1)
log = logging.getLogger("heidi.erasure")


@tick("11 * * * *", emits=[UserDeleted], timeout=300)
def erase_expired_users(ctx: Context) -> None:
    for person in people(ctx, EXPIRED, ctx.now - GRACE):
        if ctx.sql.run(BEGIN, tenant=ctx.tenant.id, person=person, now=ctx.now, until=ctx.now - GRACE):
            ctx.emit(UserDeleted(user_id=person))
    for person in people(ctx, LATE, ctx.now - PATIENCE):
        for [confirmed] in ctx.sql.run(
            REMIND, tenant=ctx.tenant.id, person=person, now=ctx.now, until=ctx.now - PATIENCE
        ):
            missing = sorted({*KEEPERS}.difference(confirmed))
            log.error(
                "an erasure is not confirmed", extra={"context": {"userId": str(person), "missing": missing}}
            )
            ctx.emit(UserDeleted(user_id=person))


def people(ctx: Context, question: str, until: datetime) -> Iterator[UUID]:
    """Whom the question finds, each in their own city; where there is no city any more, there is nobody to
    erase.
    """
    for tenant_id, person in relay_role.ask(ctx.record.database, question, until=until):
        if city := tenants.lookup(str(tenant_id)):
            ctx.enter(city)
            yield person
