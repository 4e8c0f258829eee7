"""How far behind its own events the platform is; before that becomes minutes, calls that cause more are asked
to come again.

The local broker says it in each answer to a publisher (`X-Heidi-Behind`, in seconds); Knative's says nothing,
and scales. A broker that is away is no reason to refuse anybody: events wait in their outbox then, and cost
nobody anything.
"""

import time

from shared.errors import Busy
from shared.kit.record import Record
from shared.kit.settings import settings

# who logs in, is shut out or takes a consent back does not wait
LET_THROUGH = frozenset({"auth", "users", "city", "platform"})
STAYS_TRUE = 2.0  # seconds; then a call may pass again, and its event brings news
heard: list[float] = [0.0, 0.0]  # seconds behind, and when that was said


def note(said: str | None) -> None:
    """Keep what the broker has said."""
    if said is not None:
        heard[:] = [float(said), time.monotonic()]


def refuse_more(record: Record) -> None:
    """Busy, when this call says events and the last ones still wait."""
    causes_more = record.emits and record.service not in LET_THROUGH
    if causes_more and heard[0] > settings().busy_after and time.monotonic() - heard[1] < STAYS_TRUE:
        raise Busy
