"""Register a device for push, or refresh its token; a token belongs to the account that registered it last.

In person: whoever acts in somebody's name for half an hour would read along for ever.
"""

from uuid import UUID

from events.users import BrowserRegistered, DeviceRegistered, DeviceRemoved
from functions.users.devices.device import MOST, DeviceIn, DeviceOut
from functions.users.devices.queries import FORGET_OLDEST, GIVE_UP, REGISTER
from shared.function import Context, Json, http, signed_in
from shared.kit.ids import new_id


@http.post(
    "/api/users/me/devices",
    home_tenant=True,
    in_person=True,
    status=201,
    emits=[BrowserRegistered, DeviceRegistered, DeviceRemoved],
)
@signed_in
def register_device(ctx: Context, device: DeviceIn) -> Json[DeviceOut]:
    mine = {"tenant": ctx.tenant.id, "user": ctx.user_id}
    language = device.language or ctx.language
    facts = {"device": device.device_id, "platform": device.platform, "token": device.address}
    given_up = ctx.sql.run(GIVE_UP, **mine, **facts)
    made = ctx.sql.json(REGISTER, **mine, **facts, id=new_id(), language=language, now=ctx.now)
    forgotten = ctx.sql.run(FORGET_OLDEST, **mine, most=MOST)
    for user_id, device_id in [*given_up, *forgotten]:
        ctx.emit(DeviceRemoved(user_id=user_id, device_id=device_id))
    ctx.emit(registered(ctx.user_id, device, language))
    return made


def registered(user_id: UUID, device: DeviceIn, language: str) -> BrowserRegistered | DeviceRegistered:
    """What the other services are told."""
    facts = {"user_id": user_id, "device_id": device.device_id, "language": language}
    if device.subscription:
        keys = device.subscription.keys
        return BrowserRegistered(
            **facts, endpoint=device.subscription.endpoint, p256dh=keys.p256dh, auth=keys.auth
        )
    return DeviceRegistered.model_validate(facts | {"platform": device.platform, "token": device.token})
