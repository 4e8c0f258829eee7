"""Messages by push: to all devices of a person, after their quiet hours; tokens that no longer exist are
removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from events.notification import NotificationRequested
from functions.notification.deliveries.dispatch import leaving, write_down
from functions.notification.deliveries.intake import Kept, Later, Outcome, Unwanted, message_for, reader_of
from functions.notification.recipients.notice_rules import end_of_quiet, unwanted
from functions.notification.tables import Delivery, Device
from shared.adapters.push import (
    LEFT_ALONE,
    ApnsApp,
    DeviceGone,
    PushMessage,
    PushRejected,
    PushUnavailable,
    VapidKey,
    send,
)
from shared.function import Context

TTL = 86400
REFUSALS = 5  # pushes that met no service


@dataclass(frozen=True, slots=True)
class Target:
    """One device."""

    id: UUID
    device_id: str
    platform: str
    token: str


@dataclass(frozen=True, slots=True)
class Push:
    """A push that is ready to leave, for all devices that have not had it yet."""

    delivery_id: UUID
    message: PushMessage
    targets: tuple[Target, ...]
    had_some: bool

    def leave(self) -> Outcome:
        """Send it to each; it waits while a service is away, and is sent when one device has it."""
        ends = [(target, end_of(self.message, target)) for target in self.targets]
        reached = tuple(target.device_id for target, problem in ends if problem is None)
        gone = tuple(target.id for target, problem in ends if isinstance(problem, DeviceGone))
        away = [problem for _, problem in ends if isinstance(problem, PushUnavailable)]
        if away:
            return Outcome(
                "waiting",
                str(away[0])[:200],
                max(each.retry_after for each in away),
                any(each.reason != LEFT_ALONE for each in away),
                reached,
                gone,
            )
        if reached or self.had_some:
            return Outcome("sent", reached=reached, gone=gone)
        reasons = [str(problem.details.get("reason", problem.code)) for _, problem in ends if problem]
        return Outcome("failed", "; ".join(reasons), gone=gone)


def pushes(kept: Sequence[Kept], end: float | None = None) -> bool:
    """Send them one by one, and whether the services were there; several that meet none end it for now."""
    begun: dict[UUID, Kept] = {}
    refusals = 0
    for push in leaving(kept, pack, begun, 1, end):
        outcome = push.leave()
        write_down([(begun.pop(push.delivery_id), outcome)])
        refusals += outcome.state == "waiting"
        if refusals == REFUSALS:
            return False
    return True


def end_of(message: PushMessage, target: Target) -> DeviceGone | PushRejected | PushUnavailable | None:
    """What kept it from reaching a device; None when it did."""
    try:
        send(message, target.token, account_for(target.platform))
    except (DeviceGone, PushRejected, PushUnavailable) as problem:
        return problem
    return None


def account_for(platform: str) -> ApnsApp | VapidKey | None:
    """Through whom a kind of device is reached; None for Google's. PushRejected where that is not set up."""
    if platform == "web":
        return VapidKey.from_settings()
    return ApnsApp.from_settings() if platform == "apns" else None


def pack(ctx: Context, delivery: Delivery, request: NotificationRequested) -> Push:
    """The push and where it goes."""
    devices = ctx.db.scalars(
        select(Device).where(Device.user_id == request.user_id, Device.removed_at.is_(None))
    ).all()
    if not devices:
        raise Unwanted("NO_DEVICE")
    reader = reader_of(ctx, request)
    if reason := unwanted(reader.person, request):
        raise Unwanted(reason)
    if until := end_of_quiet(reader.person, request, ctx.now, ctx.tenant.time_zone):
        raise Later(until)
    message = message_for(ctx, reader, request)
    words = "\n\n".join(message.paragraphs) if request.template == "free_text" else message.gist
    left = round((delivery.expires_at - ctx.now).total_seconds()) if delivery.expires_at else TTL
    push = PushMessage(
        id=str(request.notification_id),
        title=message.subject,
        body=words,
        ttl=max(1, min(TTL, left)),
        data={"template": request.template} | ({"link": request.link} if request.link else {}),
    )
    targets = tuple(
        Target(each.id, each.device_id, each.platform, each.token)
        for each in devices
        if each.device_id not in delivery.reached
    )
    return Push(delivery.id, push, targets, bool(delivery.reached))
