"""Confirm that the log holds nothing but ids, which stay for seven years and stand for nobody any more."""

from events.privacy import CityDeleted, CityErased, UserDeleted, UserErased
from shared.function import Context, on


@on(UserDeleted, CityDeleted, emits=[UserErased, CityErased])
def erase_audit_data(ctx: Context, event: UserDeleted | CityDeleted) -> None:
    if isinstance(event, UserDeleted):
        ctx.emit(UserErased(user_id=event.user_id, service="audit"))
    else:
        ctx.emit(CityErased(city_id=event.city_id, service="audit"))
