"""Tell the city's admins that a listing waits for their decision."""

from events.core import ListingCreated
from events.notification import NotificationRequested
from functions.notification.notices.message import DECIDERS, requests
from functions.notification.queries import ADMINS
from shared.function import Context, on
from shared.tenancy.app_links import link_to


@on(ListingCreated, emits=[NotificationRequested], batches=True)
def notify_admins_of_pending_listing(ctx: Context, event: ListingCreated) -> None:
    if not event.pending:
        return
    link = link_to(ctx.tenant, "review", event.listing_id)
    for [admin] in ctx.sql.run(ADMINS, roles=list(DECIDERS)):
        for request in requests(ctx, admin, "listing_pending", ("email",), link=link, title=event.title):
            ctx.emit(request)
