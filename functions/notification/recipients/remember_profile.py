"""Keep a person's new name and language, and the address of a guest who has become a person."""

from events.auth import GuestConverted
from events.users import UserUpdated
from functions.notification.recipients.recipient import known, said_at
from shared.function import Context, on


@on(UserUpdated, GuestConverted)
def remember_profile(ctx: Context, event: UserUpdated | GuestConverted) -> None:
    recipient = known(ctx, event.user_id)
    if recipient.is_news("profile_at", said_at(ctx)):
        recipient.name, recipient.language = event.name, event.language
    if isinstance(event, GuestConverted):
        recipient.email = event.email
