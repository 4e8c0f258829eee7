"""Send a requested message by mail, as text and HTML, in the reader's language; not to guests, who have no address."""

from events.notification import NotificationFailed, NotificationRequested, NotificationSent
from functions.notification.delivering import message_for, reader_of, record, was_handled
from functions.notification.wishes import is_unwanted
from shared import mail
from shared.errors import Invalid
from shared.function import Context, on


@on(NotificationRequested, emits=[NotificationSent, NotificationFailed])
def send_email(ctx: Context, event: NotificationRequested) -> None:
    if event.channel != "email" or was_handled(ctx, event):
        return
    try:
        reader = reader_of(ctx, event)
        if is_unwanted(reader.person, event) or not reader.address:
            return
        message = message_for(reader, event)
        mail.send(
            reader.address,
            message.subject,
            message.text,
            message.html,
            message_id=mail.message_id_for(event.notification_id, reader.address),
            headers={"Content-Language": reader.language},
        )
    except Invalid as refused:
        record(ctx, event, reason=str(refused.details.get("reason", refused.code)))
    else:
        record(ctx, event)
