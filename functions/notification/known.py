"""The person that an event is about."""
from uuid import UUID

from functions.notification.tables import Recipient
from shared.errors import Unavailable
from shared.function import Context


def known(ctx: Context, user_id: UUID) -> Recipient:
    """The recipient; Unavailable while `user.created` is still on its way."""
    recipient = ctx.db.get(Recipient, user_id)
    if recipient is None:
        raise Unavailable(dependency="user.created")
    return recipient
