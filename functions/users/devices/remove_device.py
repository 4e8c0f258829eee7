"""Stop push to one of one's devices."""

from events.users import DeviceRemoved
from functions.users.devices.device import DeviceId
from functions.users.devices.queries import REMOVE
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.delete(
    "/api/users/me/devices/{device_id}",
    home_tenant=True,
    exempt_from_terms=True,
    status=204,
    emits=[DeviceRemoved],
    raises=[NotFound],
)
@signed_in
def remove_device(ctx: Context, device_id: DeviceId) -> None:
    if not ctx.sql.run(REMOVE, tenant=ctx.tenant.id, user=ctx.user_id, device=device_id):
        raise NotFound("Device", device_id)
    ctx.emit(DeviceRemoved(user_id=ctx.user_id, device_id=device_id))
