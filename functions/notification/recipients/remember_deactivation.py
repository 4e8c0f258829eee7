"""Keep whether a person may still come in: whoever may not is told nothing that happens in the city."""

from events.users import UserDeactivated, UserReactivated
from functions.notification.recipients.recipient import known, said_at
from shared.function import Context, on


@on(UserDeactivated, UserReactivated)
def remember_deactivation(ctx: Context, event: UserDeactivated | UserReactivated) -> None:
    recipient = known(ctx, event.user_id)
    if recipient.is_news("activity_at", said_at(ctx)):
        recipient.active = isinstance(event, UserReactivated)
