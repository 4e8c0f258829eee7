"""One's devices that are registered for push, the last seen first; there are never more than twenty."""

from functions.users.devices.device import DeviceOut
from functions.users.devices.queries import MINE
from shared.function import Context, Json, http, signed_in
from shared.schema import Page


@http.get("/api/users/me/devices", home_tenant=True)
@signed_in
def list_devices(ctx: Context) -> Json[Page[DeviceOut]]:
    return ctx.sql.json(MINE, tenant=ctx.tenant.id, user=ctx.user_id)
