"""Tell the author that their listing was rejected, and why."""

from events.core import ListingRejected
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on
from shared.tenancy.app_links import link_to


@on(ListingRejected, emits=[NotificationRequested], batches=True)
def notify_contributor_of_rejection(ctx: Context, event: ListingRejected) -> None:
    link = link_to(ctx.tenant, "draft", event.listing_id)
    for request in requests(
        ctx, event.contributor_id, "listing_rejected", link=link, title=event.title, reason=event.reason
    ):
        ctx.emit(request)
