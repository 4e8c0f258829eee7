"""Send what has waited: for a server that was away, or for the end of somebody's quiet hours; and see to what
was left undone.
"""

import time

from events.notification import NotificationFailed, NotificationSent
from functions.notification.deliveries.deferred import see_to, send
from functions.notification.deliveries.mail_channel import mails
from functions.notification.deliveries.push_channel import pushes
from shared.function import Context, tick

SECONDS = 90  # after which nothing more is begun; the next minute goes on


@tick("* * * * *", emits=[NotificationSent, NotificationFailed], timeout=180)
def send_deferred_messages(ctx: Context) -> None:
    end = time.monotonic() + SECONDS
    see_to(ctx)
    send(ctx, "email", mails, end)
    send(ctx, "push", pushes, end)
