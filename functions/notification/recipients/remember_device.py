"""Keep where a device can be reached; a token that moves to another person leaves the one before."""

from events.users import DeviceRegistered
from functions.notification.queries import LEAVE, SAVE
from functions.notification.recipients.recipient import said_at
from shared.function import Context, on
from shared.kit.ids import new_id


@on(DeviceRegistered)
def remember_device(ctx: Context, event: DeviceRegistered) -> None:
    whose = {"tenant": ctx.tenant.id, "token": event.token}
    ctx.lock(f"token {event.token}")
    ctx.sql.run(
        SAVE,
        id=new_id(),
        user=event.user_id,
        device=event.device_id,
        platform=event.platform,
        said_at=said_at(ctx),
        removed_at=None,
        **whose,
    )
    ctx.sql.run(LEAVE, now=ctx.now, **whose)
