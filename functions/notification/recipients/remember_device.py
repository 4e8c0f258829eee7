"""Keep where a device can be reached; a token that moves to another person leaves the one before."""

import json

from events.users import BrowserRegistered, DeviceRegistered
from functions.notification.queries import LEAVE, SAVE
from functions.notification.recipients.recipient import said_at
from shared.function import Context, on
from shared.kit.ids import new_id


@on(DeviceRegistered, BrowserRegistered)
def remember_device(ctx: Context, event: DeviceRegistered | BrowserRegistered) -> None:
    platform, token = reached(event)
    whose = {"tenant": ctx.tenant.id, "token": token}
    ctx.lock(f"token {token}")
    ctx.sql.run(
        SAVE,
        id=new_id(),
        user=event.user_id,
        device=event.device_id,
        platform=platform,
        said_at=said_at(ctx),
        removed_at=None,
        **whose,
    )
    ctx.sql.run(LEAVE, now=ctx.now, **whose)


def reached(event: DeviceRegistered | BrowserRegistered) -> tuple[str, str]:
    """The kind of device, and where it is reached; a browser's is one text, too."""
    if isinstance(event, DeviceRegistered):
        return event.platform, event.token
    keys = {"p256dh": event.p256dh, "auth": event.auth}
    return "web", json.dumps({"endpoint": event.endpoint, "keys": keys}, separators=(",", ":"))
