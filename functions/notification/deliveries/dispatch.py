"""Deliveries that are due leave: a few at a time are marked as `sending`, sent, and concluded together.

What dies meanwhile leaves no more than those few, which go once more when their lease has ended; what is not
begun in time waits for `send-deferred-messages`. What two of us would take at once, one takes: rows that
another holds, or has taken, are skipped.
"""

import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import takewhile
from time import sleep
from uuid import UUID

from sqlalchemy import select

from functions.notification.deliveries.intake import Kept, Outcome, P, Packer, conclude, prepare
from functions.notification.deliveries.retry_schedule import LEASE
from functions.notification.queries import MARK
from functions.notification.tables import Delivery, Recipient
from shared.context import acting
from shared.db.errors import foreseen
from shared.errors import Unavailable
from shared.function import Context

SECONDS = 10.0  # after which nothing more is begun, unless a tick gives more
# for what is marked: half a lease, so that the slowest server is done with the last one before it ends
IN_HAND = 150.0
PAUSES = (0.4, 1.6)  # before it is tried again to write down what became of them; not after TOO_LONG
TOO_LONG = 5.0
Ends = list[tuple[Kept, Outcome]]


def leaving(
    kept: Sequence[Kept], pack: Packer[P], begun: dict[UUID, Kept], together: int, end: float | None
) -> Generator[P, None, None]:
    """Parcels, each marked as sending when it is asked for, with some that come after it; `begun` has all
    that were marked.

    Where a server is so slow that the lease might end, the rest of those some is not handed out.
    """
    end = end or time.monotonic() + SECONDS
    for at in range(0, len(kept), together):
        parcels = marked(kept[at : at + together], pack) if time.monotonic() < end else []
        begun.update((parcel.delivery_id, each) for each, parcel in parcels)
        in_time = partial(is_before, time.monotonic() + IN_HAND)
        yield from takewhile(in_time, (parcel for _, parcel in parcels))


def is_before(end: float, _: object) -> bool:
    """Whether there is still time."""
    return time.monotonic() < end


def marked(kept: Sequence[Kept], pack: Packer[P]) -> list[tuple[Kept, P]]:
    """Those that may leave now, as `sending`, in one transaction."""
    with transaction(kept[-1]) as work:
        due = (
            select(Delivery)
            .where(
                Delivery.id.in_([each.delivery_id for each in kept]),
                Delivery.state == "waiting",
                Delivery.due_at <= work.now,
            )
            .with_for_update(skip_locked=True)
        )
        waiting = {delivery.id: delivery for delivery in work.db.scalars(due)}
        people = select(Recipient).where(
            Recipient.id.in_({delivery.user_id for delivery in waiting.values()} - {None})
        )
        # at once: the session finds them as long as somebody holds them
        known = work.db.scalars(people).all()
        found = [
            (each, parcel)
            for each in kept
            if each.delivery_id in waiting
            and (parcel := prepare(work, each, waiting[each.delivery_id], pack))
        ]
        work.flush()
        work.sql.queue(MARK, ids=[each.delivery_id for each, _ in found], lease=work.now + LEASE)
        del known
    return found


def write_down(ends: Ends) -> None:
    """What became of them; where the database is away just then, once more a moment later: else what has left
    goes twice.
    """
    end = time.monotonic() + TOO_LONG
    for pause in PAUSES:
        try:
            return conclude_all(ends)
        except Exception as error:
            if not isinstance(foreseen(error), Unavailable) or not is_before(end, error):
                raise
        sleep(pause)
    return conclude_all(ends)


def conclude_all(ends: Ends) -> None:
    """Write down what became of them, in one transaction; what was written down already stays as it is."""
    if ends:
        with transaction(ends[-1][0]) as work:
            for each, outcome in ends:
                own = each.within(work)
                conclude(own, each.delivery_id, outcome)
                own.flush()
                own.close()


def transaction(kept: Kept) -> AbstractContextManager[Context]:
    """One of the invocation that has kept it."""
    return acting(
        kept.ctx.record, kept.ctx.tenant, trace=kept.ctx.trace, event=kept.ctx.event, now=kept.ctx.now
    )
