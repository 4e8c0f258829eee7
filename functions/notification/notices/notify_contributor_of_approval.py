"""Tell the author that their listing was approved."""

from events.core import ListingApproved
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on
from shared.tenancy.app_links import link_to


@on(ListingApproved, emits=[NotificationRequested], batches=True)
def notify_contributor_of_approval(ctx: Context, event: ListingApproved) -> None:
    link = link_to(ctx.tenant, "listing", event.listing_id)
    for request in requests(ctx, event.contributor_id, "listing_approved", link=link, title=event.title):
        ctx.emit(request)
