"""Tell the city's admins that a listing waits for their decision."""

from sqlalchemy import select

from events.core import ListingCreated
from events.notification import NotificationRequested
from functions.notification.message import DECIDERS, requests
from functions.notification.tables import Recipient
from shared.function import Context, on


@on(ListingCreated, emits=[NotificationRequested])
def notify_admins_of_pending_listing(ctx: Context, event: ListingCreated) -> None:
    if not event.pending:
        return
    for admin in ctx.db.scalars(
        select(Recipient.id).where(Recipient.roles.overlap(DECIDERS), Recipient.active)
    ):
        for request in requests(ctx, admin, "listing_pending", ("email",), title=event.title):
            ctx.emit(request)
