"""Send a requested message to all devices of a person, or keep it until their quiet hours or the push
service's outage end.
"""

from events.notification import NotificationFailed, NotificationRequested, NotificationSent
from functions.notification.deliveries.intake import take_on
from functions.notification.deliveries.push_channel import pushes
from shared.function import Context, on


@on(
    NotificationRequested,
    emits=[NotificationSent, NotificationFailed],
    only=lambda event: event.channel == "push" and event.user_id is not None,
)
def send_push(ctx: Context, event: NotificationRequested) -> None:
    take_on(ctx, event, pushes)
