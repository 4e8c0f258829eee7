"""Begin builds again that got stuck, and give up those that nothing becomes of."""

from sqlalchemy import select

from events.factory import BuildAssembled, BuildFailed, BuildQueued
from functions.factory.builds.resumption import resume
from functions.factory.tables import Build
from shared.context import acting
from shared.db import relay_role
from shared.function import Context, tick
from shared.tenancy import tenants

STUCK = "SELECT DISTINCT tenant_id::text FROM builds WHERE due_at <= :now ORDER BY 1"


@tick("* * * * *", emits=[BuildQueued, BuildAssembled, BuildFailed])
def resume_builds(ctx: Context) -> None:
    for [city_id] in relay_role.ask(ctx.record.database, STUCK, now=ctx.now):
        if city := tenants.lookup(city_id):
            with acting(ctx.record, city, now=ctx.now) as own:
                for build in own.db.scalars(
                    select(Build).where(Build.due_at <= ctx.now).with_for_update(skip_locked=True)
                ).all():
                    resume(own, build)
