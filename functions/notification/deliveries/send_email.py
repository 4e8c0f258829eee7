"""Send a requested message by mail, or keep it until the mail server takes it."""

from events.notification import NotificationFailed, NotificationRequested, NotificationSent
from functions.notification.deliveries.intake import take_on
from functions.notification.deliveries.mail_channel import mails
from shared.function import Context, on


@on(
    NotificationRequested,
    emits=[NotificationSent, NotificationFailed],
    batches=True,
    outward=True,
    only=lambda event: event.channel == "email",
)
def send_email(ctx: Context, event: NotificationRequested) -> None:
    take_on(ctx, event, mails)
