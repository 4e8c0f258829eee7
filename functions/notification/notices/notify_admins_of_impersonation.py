"""Tell the city's lead admins that a super admin acts in somebody's name, and why."""

from sqlalchemy import select

from events.auth import ImpersonationStarted
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from functions.notification.tables import Recipient
from shared.auth.rbac import SUPER_CITY_ADMIN
from shared.function import Context, on


@on(ImpersonationStarted, emits=[NotificationRequested])
def notify_admins_of_impersonation(ctx: Context, event: ImpersonationStarted) -> None:
    person = ctx.db.get(Recipient, event.user_id)
    name = person.name or person.email if person else str(event.user_id)
    for admin in ctx.db.scalars(
        select(Recipient.id).where(Recipient.roles.contains([SUPER_CITY_ADMIN]), Recipient.active)
    ):
        for request in requests(
            ctx, admin, "impersonation_started", ("email",), name=name, reason=event.reason
        ):
            ctx.emit(request)
