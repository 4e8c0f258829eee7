"""The person that an event is about."""

from datetime import datetime
from uuid import UUID

from functions.notification.tables import Recipient
from shared.errors import Unavailable
from shared.function import Context


def known(ctx: Context, user_id: UUID) -> Recipient:
    """The recipient, held until the transaction ends; Unavailable while `user.created` is still on its way."""
    recipient = ctx.db.get(Recipient, user_id, with_for_update=True)
    if recipient is None:
        raise Unavailable(dependency="user.created")
    return recipient


def said_at(ctx: Context) -> datetime:
    """When the event at hand was said."""
    return ctx.event.time if ctx.event else ctx.now
