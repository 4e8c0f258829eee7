"""What sending by mail and by push have in common: to whom, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from events.notification import NotificationFailed, NotificationRequested, NotificationSent
from functions.notification.rendering import Message, render
from functions.notification.tables import Delivery, Recipient
from shared.errors import Invalid, Unavailable
from shared.function import Context

PATIENCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the message, and in which language; `person` where they have an account."""

    address: str
    language: str
    person: Recipient | None = None


class RecipientUnknown(Invalid):
    message = "Nobody with this id is known in this city."


def reader_of(ctx: Context, request: NotificationRequested) -> Reader:
    """The person behind a request; Unavailable while their account may still be on its way, then RecipientUnknown."""
    if request.user_id is None:
        return Reader(request.address or "", request.language or ctx.tenant.language)
    person = ctx.db.get(Recipient, request.user_id)
    if person is None:
        asked = ctx.event.time if ctx.event else ctx.now
        raise Unavailable(dependency="user.created") if ctx.now - asked < PATIENCE else RecipientUnknown
    return Reader(person.email, request.language or person.language, person)


def message_for(reader: Reader, request: NotificationRequested) -> Message:
    """The text in the reader's language."""
    return render(request.template, reader.language, request.values)


def was_handled(ctx: Context, request: NotificationRequested) -> bool:
    """Whether this message has gone out already, for a request that was published twice under different event ids."""
    query = select(Delivery.id).where(
        Delivery.notification_id == request.notification_id, Delivery.channel == request.channel
    )
    return ctx.db.scalar(query) is not None


def record(ctx: Context, request: NotificationRequested, reason: str = "") -> None:
    """Write down what became of the message, and say it."""
    facts = facts_of(request)
    ctx.db.add(Delivery(state="failed" if reason else "sent", reason=reason or None, **facts))
    ctx.emit(NotificationFailed(reason=reason, **facts) if reason else NotificationSent(**facts))


def defer(ctx: Context, request: NotificationRequested, until: datetime) -> None:
    """Keep the message; `send-deferred-messages` asks for it again when its time has come."""
    ctx.db.add(
        Delivery(state="deferred", due_at=until, request=request.model_dump(mode="json"), **facts_of(request))
    )


def facts_of(request: NotificationRequested) -> dict[str, Any]:
    """What is said and kept of every message."""
    return {
        "notification_id": request.notification_id,
        "channel": request.channel,
        "template": request.template,
        "user_id": request.user_id,
    }
