"""How a message is delivered: kept as a row, marked as `sending` before anything leaves, and concluded
afterwards.

waiting → sending (committed before the socket) → sent | failed | uncertain, or back to waiting; also expired
and suppressed. Whatever carries a message may be away for hours: the row waits, and `send-deferred-messages`
tries again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import delete

from events.notification import NotificationFailed, NotificationRequested, NotificationSent
from functions.notification.deliveries.retry_schedule import KEPT, end_of_use, next_try
from functions.notification.letters.letterhead import Letterhead
from functions.notification.queries import KEEP, KNOWN, SENT
from functions.notification.recipients.notice_rules import kind_of
from functions.notification.tables import Delivery, Device, Recipient
from functions.notification.templates import Message, render
from shared.errors import Invalid, Unavailable
from shared.function import Context
from shared.kit.cipher import SealBroken
from shared.kit.ids import new_id
from shared.tenancy.tenants import address

PATIENCE = timedelta(seconds=5)
log = logging.getLogger("heidi.notification")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the message, and in which language; `person` where they have an account."""

    address: str
    language: str
    person: Recipient | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a try. `wait` are the seconds that the other side asks for; it was not `tried` where
    nobody was asked.
    """

    state: Literal["sent", "failed", "waiting", "uncertain"]
    reason: str = ""
    wait: float = 0
    tried: bool = True
    reached: tuple[str, ...] = ()
    gone: tuple[UUID, ...] = ()


class Parcel(Protocol):
    """A message that is ready to leave."""

    @property
    def delivery_id(self) -> UUID:
        """Whose it is."""


P = TypeVar("P", bound=Parcel)
P_co = TypeVar("P_co", bound=Parcel, covariant=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery that is a row now, and the invocation that has made it one."""

    delivery_id: UUID
    ctx: Context

    def within(self, work: Context) -> Context:
        """The invocation, in another transaction."""
        own = Context(
            self.ctx.record, self.ctx.tenant, trace=self.ctx.trace, event=self.ctx.event, now=self.ctx.now
        )
        own.share(work)
        return own


class Packer(Protocol[P_co]):
    """Makes a parcel of a delivery; raises Unwanted, Later, or Invalid for what can never go."""

    def __call__(self, ctx: Context, delivery: Delivery, request: NotificationRequested) -> P_co:
        """The parcel."""


class RecipientUnknown(Invalid):
    message = "Nobody with this id is known in this city."


class Unwanted(Exception):
    """Nobody is to get this: the reason, as a code."""


class TooLate(Exception):
    """What it says is worth nothing any more."""


class Later(Exception):
    """Not before this time."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def reader_of(ctx: Context, request: NotificationRequested) -> Reader:
    """The person behind a request; RecipientUnknown where there is none."""
    if request.user_id is None:
        return Reader(request.address or "", request.language or ctx.tenant.language)
    person = ctx.db.get(Recipient, request.user_id)
    if person is None:
        raise RecipientUnknown
    return Reader(person.email, request.language or person.language, person)


def message_for(ctx: Context, reader: Reader, request: NotificationRequested, **enclosed: str) -> Message:
    """The text in the reader's language, as the city writes it."""
    return render(
        request.template,
        reader.language,
        request.values | enclosed,
        letterhead=Letterhead(
            ctx.tenant.name,
            ctx.tenant.colour,
            address(ctx.tenant) + ctx.tenant.logo if ctx.tenant.logo else "",
            kind_of(request),
            request.unsubscribe_url or "",
        ),
        link=request.link or "",
        zone=ctx.tenant.time_zone,
    )


def take_on(ctx: Context, request: NotificationRequested, send: Callable[[list[Kept]], object]) -> None:
    """Keep a message, and send it as soon as that is durable; one that was published twice is one message."""
    refuse_until_known(ctx, request)
    delivery_id, asked = new_id(), ctx.event.time if ctx.event else ctx.now
    ctx.sql.queue(
        KEEP,
        id=delivery_id,
        tenant=ctx.tenant.id,
        notification=request.notification_id,
        channel=request.channel,
        template=request.template,
        kind=kind_of(request),
        user=request.user_id,
        request=request.model_dump_json(),
        now=ctx.now,
        until=end_of_use(request.template, request.channel, asked),
    )
    ctx.after_commit_together(send, Kept(delivery_id, ctx))


def refuse_until_known(ctx: Context, request: NotificationRequested) -> None:
    """Unavailable while the account of the person may still be on its way to us."""
    on_its_way = request.user_id and ctx.event and ctx.now - ctx.event.time < PATIENCE
    if on_its_way and not ctx.sql.run(KNOWN, id=request.user_id):
        raise Unavailable(dependency="user.created")


def prepare(work: Context, kept: Kept, delivery: Delivery, pack: Packer[P]) -> P | None:
    """The parcel; None when nothing is to leave now, which is written down at once and on behalf of whoever
    has kept it.
    """
    try:
        if delivery.expires_at and delivery.expires_at <= work.now:
            raise TooLate
        return pack(work, delivery, NotificationRequested.model_validate(delivery.request))
    except Later as when:
        delivery.due_at = when.until
    except SealBroken as broken:
        log.exception("the link in a message cannot be opened", exc_info=broken)
        delivery.attempts += 1
        put_off(delivery, work.now, "SEAL_BROKEN")
    except (Unwanted, TooLate, Invalid) as why:
        own = kept.within(work)
        settle(own, delivery, *ending_of(why))
        own.flush()
    return None


def ending_of(why: Exception) -> tuple[str, str]:
    """How a delivery ends that is not even tried, and the reason."""
    if isinstance(why, TooLate):
        return "expired", "NO_LONGER_USEFUL"
    return ("failed", reason_of(why)) if isinstance(why, Invalid) else ("suppressed", str(why))


def conclude(ctx: Context, delivery_id: UUID, outcome: Outcome) -> None:
    """Write down what became of a try, unless its lease ran out or the delivery was erased meanwhile."""
    if outcome.gone:
        ctx.db.execute(delete(Device).where(Device.id.in_(outcome.gone)))
    if outcome.state == "sent":
        is_sent(ctx, delivery_id, outcome)
        return
    delivery = ctx.db.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None or delivery.state != "sending":
        return
    delivery.reached = [*delivery.reached, *outcome.reached]
    delivery.attempts -= not outcome.tried
    if outcome.state == "uncertain":
        is_uncertain(ctx, delivery)
    elif outcome.state == "waiting":
        put_off(delivery, ctx.now, outcome.reason, outcome.wait)
    else:
        settle(ctx, delivery, outcome.state, outcome.reason)


def is_sent(ctx: Context, delivery_id: UUID, outcome: Outcome) -> None:
    """Write down that it has gone, and say it: in one statement, because nearly all of them end so."""
    for notification, channel, template, user in ctx.sql.run(
        SENT, id=delivery_id, reached=list(outcome.reached)
    ):
        ctx.emit(
            NotificationSent(notification_id=notification, channel=channel, template=template, user_id=user)
        )


def was_left_behind(ctx: Context, delivery: Delivery) -> None:
    """Its process died, most likely before it left: it goes at once under the same Message-ID, and not a
    third time.
    """
    if delivery.repeated and delivery.channel == "email":
        settle(ctx, delivery, "uncertain", "UNCERTAIN")
    else:
        delivery.repeated, delivery.state, delivery.reason, delivery.due_at = (
            True,
            "waiting",
            "UNCERTAIN",
            ctx.now,
        )


def is_uncertain(ctx: Context, delivery: Delivery) -> None:
    """A server had all of it and did not say whether it took it.

    A push may come twice, its device shows it once; a mail about an account goes once more under the same
    Message-ID; for other mails somebody decides (`retry-delivery`).
    """
    if delivery.channel == "push" or (delivery.kind == "account" and not delivery.repeated):
        delivery.repeated = True
        put_off(delivery, ctx.now, "UNCERTAIN")
    else:
        settle(ctx, delivery, "uncertain", "UNCERTAIN")


def put_off(delivery: Delivery, now: datetime, reason: str, wait: float = 0) -> None:
    """Let it wait for its next try."""
    delivery.state, delivery.reason, delivery.due_at = (
        "waiting",
        reason,
        next_try(now, delivery.attempts, wait),
    )


def settle(ctx: Context, delivery: Delivery, state: str, reason: str = "") -> None:
    """Write down how it ended, and say it; what somebody may still send again is kept for a while."""
    may_be_retried = state in {"failed", "uncertain"}
    delivery.state, delivery.reason = state, reason[:500] or None
    delivery.due_at = ctx.now + KEPT if may_be_retried else None
    delivery.request = delivery.request if may_be_retried else None
    facts: dict[str, Any] = {
        "notification_id": delivery.notification_id,
        "channel": delivery.channel,
        "template": delivery.template,
        "user_id": delivery.user_id,
    }
    if state in {"failed", "expired"}:
        ctx.emit(NotificationFailed(reason=reason[:500], **facts))


def reason_of(refused: Invalid) -> str:
    """Why it can never go, in the server's words where it has said some."""
    return str(refused.details.get("reason", refused.code))
