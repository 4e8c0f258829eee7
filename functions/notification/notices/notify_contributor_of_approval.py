"""Tell the author that their listing was approved."""

from events.core import ListingApproved
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on


@on(ListingApproved, emits=[NotificationRequested], batches=True)
def notify_contributor_of_approval(ctx: Context, event: ListingApproved) -> None:
    for request in requests(ctx, event.contributor_id, "listing_approved", title=event.title):
        ctx.emit(request)
