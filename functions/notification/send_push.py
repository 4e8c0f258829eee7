"""Send a requested message to all devices of a person, after their quiet hours; tokens that no longer exist are removed."""

from sqlalchemy import select

from events.notification import NotificationFailed, NotificationRequested, NotificationSent
from functions.notification.delivering import defer, message_for, reader_of, record, was_handled
from functions.notification.tables import Device
from functions.notification.wishes import end_of_quiet, is_unwanted
from shared.function import Context, on
from shared.push import ApnsApp, DeviceGone, PushMessage, PushRejected, send


@on(NotificationRequested, emits=[NotificationSent, NotificationFailed])
def send_push(ctx: Context, event: NotificationRequested) -> None:
    if event.channel != "push" or event.user_id is None or was_handled(ctx, event):
        return
    devices = ctx.db.scalars(
        select(Device).where(Device.user_id == event.user_id, Device.removed_at.is_(None))
    ).all()
    if not devices:
        return
    reader = reader_of(ctx, event)
    if is_unwanted(reader.person, event):
        return
    if until := end_of_quiet(reader.person, event, ctx.now, ctx.tenant.time_zone):
        defer(ctx, event, until)
        return
    message = message_for(reader, event)
    words = message.text if event.template == "free_text" else message.gist
    push = PushMessage(
        id=str(event.notification_id), title=message.subject, body=words, data={"template": event.template}
    )
    problems = [problem for device in devices if (problem := push_to(ctx, device, push))]
    record(ctx, event, reason="; ".join(problems)[:500] if len(problems) == len(devices) else "")


def push_to(ctx: Context, device: Device, push: PushMessage) -> str:
    """Why the push did not go; empty when it did. A device that is gone is forgotten."""
    try:
        send(push, device.token, ApnsApp.from_settings() if device.platform == "apns" else None)
    except DeviceGone as gone:
        ctx.db.delete(device)
        return gone.code
    except PushRejected as refused:
        return str(refused.details.get("reason", refused.code))
    return ""
