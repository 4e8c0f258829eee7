"""Forget a device that its owner removed."""
from sqlalchemy import delete

from events.users import DeviceRemoved
from functions.notification.tables import Device
from shared.function import Context, on


@on(DeviceRemoved)
def forget_device(ctx: Context, event: DeviceRemoved) -> None:
    ctx.db.execute(delete(Device).where(Device.user_id == event.user_id, Device.device_id == event.device_id))
