"""Confirm that the log holds nothing of a person but ids, which stay for seven years and stand for nobody any more."""
from events.privacy import UserDeleted, UserErased
from shared.function import Context, on


@on(UserDeleted, emits=[UserErased])
def erase_audit_data(ctx: Context, event: UserDeleted) -> None:
    ctx.emit(UserErased(user_id=event.user_id, service="audit"))
