"""Forget a device that its owner removed."""

from events.users import DeviceRemoved
from functions.notification.queries import SAVE
from functions.notification.recipients.recipient import said_at
from shared.function import Context, on
from shared.kit.ids import new_id


@on(DeviceRemoved)
def forget_device(ctx: Context, event: DeviceRemoved) -> None:
    ctx.sql.run(
        SAVE,
        id=new_id(),
        tenant=ctx.tenant.id,
        user=event.user_id,
        device=event.device_id,
        platform="",
        token="",
        said_at=said_at(ctx),
        removed_at=ctx.now,
    )
