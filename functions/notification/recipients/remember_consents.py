"""Keep who has agreed to advertising: nobody else gets any."""

from events.users import ConsentChanged
from functions.notification.recipients.recipient import known, said_at
from shared.function import Context, on


@on(ConsentChanged)
def remember_consents(ctx: Context, event: ConsentChanged) -> None:
    if event.purpose != "marketing":
        return
    recipient = known(ctx, event.user_id)
    if recipient.is_news("marketing_at", event.decided_at or said_at(ctx)):
        recipient.marketing = event.granted
