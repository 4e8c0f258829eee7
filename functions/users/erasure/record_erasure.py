"""Note that a service has erased its part of a person, whoever said that it should; when all have, the
erasure is complete.
"""

from events.privacy import UserErased
from functions.users.erasure.queries import CONFIRM
from shared.function import Context, on
from shared.kit.keepers import KEEPERS


@on(UserErased)
def record_erasure(ctx: Context, event: UserErased) -> None:
    ctx.sql.run(
        CONFIRM,
        tenant=ctx.tenant.id,
        person=event.user_id,
        service=event.service,
        keepers=list(KEEPERS),
        now=ctx.now,
    )
