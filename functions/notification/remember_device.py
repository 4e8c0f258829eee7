"""Keep where a device can be reached; a token that moves to another person leaves the one before."""
from sqlalchemy import delete, select

from events.users import DeviceRegistered
from functions.notification.tables import Device
from shared.function import Context, on


@on(DeviceRegistered)
def remember_device(ctx: Context, event: DeviceRegistered) -> None:
    ctx.db.execute(delete(Device).where(Device.token == event.token, Device.user_id != event.user_id))
    known = ctx.db.scalar(select(Device).where(Device.user_id == event.user_id, Device.device_id == event.device_id))
    device = known or Device(user_id=event.user_id, device_id=event.device_id)
    device.platform, device.token = event.platform, event.token
    ctx.db.add(device)
