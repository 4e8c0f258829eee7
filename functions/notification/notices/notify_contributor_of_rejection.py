"""Tell the author that their listing was rejected, and why."""

from events.core import ListingRejected
from events.notification import NotificationRequested
from functions.notification.notices.message import requests
from shared.function import Context, on


@on(ListingRejected, emits=[NotificationRequested], batches=True)
def notify_contributor_of_rejection(ctx: Context, event: ListingRejected) -> None:
    for request in requests(
        ctx, event.contributor_id, "listing_rejected", title=event.title, reason=event.reason
    ):
        ctx.emit(request)
