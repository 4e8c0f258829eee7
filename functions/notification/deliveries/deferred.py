"""Deliveries that have waited, city by city; and those that were left undone."""

import time
from collections.abc import Callable, Iterator

from sqlalchemy import select

from events.notification import Channel
from functions.notification.deliveries.intake import Kept, settle, was_left_behind
from functions.notification.tables import Delivery
from shared.context import acting
from shared.db import relay_role
from shared.function import Context
from shared.tenancy import tenants
from shared.tenancy.tenants import Tenant

A_CITY = 200  # deliveries of one city in one go
DUE = (
    "SELECT DISTINCT tenant_id::text FROM deliveries WHERE due_at <= :now AND state IN ({states}) ORDER BY 1"
)
WAITING = DUE.format(states="'waiting'")
UNDONE = DUE.format(states="'waiting', 'sending', 'failed', 'uncertain'")


def cities(ctx: Context, question: str) -> Iterator[Tenant]:
    """The cities that have something due, but for those that are switched off."""
    for [city_id] in relay_role.ask(ctx.record.database, question, now=ctx.now):
        city = tenants.lookup(city_id)
        if city and city.active:
            yield city


def send(ctx: Context, channel: Channel, sender: Callable[[list[Kept], float], bool], end: float) -> None:
    """Send what is due, of each city alerts first, then what has been due longest.

    The first that meets no server ends it for now.
    """
    for city in cities(ctx, WAITING):
        with acting(ctx.record, city, now=ctx.now) as own:
            due = select(Delivery.id).where(
                Delivery.channel == channel, Delivery.state == "waiting", Delivery.due_at <= ctx.now
            )
            found = own.db.scalars(
                due.order_by(Delivery.kind != "alert", Delivery.due_at).limit(A_CITY)
            ).all()
        if time.monotonic() > end or not sender([Kept(delivery_id, own) for delivery_id in found], end):
            return


def see_to(ctx: Context) -> None:
    """End what is no longer useful, what was being sent when its process died, and what was kept for somebody
    to send again.
    """
    for city in cities(ctx, UNDONE):
        with acting(ctx.record, city, now=ctx.now) as own:
            undone = select(Delivery).where(
                Delivery.due_at <= ctx.now, (Delivery.state != "waiting") | (Delivery.expires_at <= ctx.now)
            )
            for delivery in own.db.scalars(undone.limit(A_CITY).with_for_update(skip_locked=True)).all():
                end_of_wait(own, delivery)


def end_of_wait(ctx: Context, delivery: Delivery) -> None:
    """What becomes of it now."""
    if delivery.state == "waiting":
        settle(ctx, delivery, "expired", "NO_LONGER_USEFUL")
    elif delivery.state == "sending":
        was_left_behind(ctx, delivery)
    else:
        delivery.request = delivery.due_at = None
