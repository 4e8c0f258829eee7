"""Keep on which channels a person wants to be reached, and when not."""

from events.users import PreferencesChanged
from functions.notification.recipients.recipient import known, said_at
from shared.function import Context, on


@on(PreferencesChanged)
def remember_preferences(ctx: Context, event: PreferencesChanged) -> None:
    recipient = known(ctx, event.user_id)
    if recipient.is_news("wishes_at", said_at(ctx)):
        recipient.channels, recipient.quiet_from, recipient.quiet_until = (
            event.channels,
            event.quiet_from,
            event.quiet_until,
        )
