"""What people want to be told, and when: rules for notices. Messages about one's account come in any case, at any time."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from events.notification import NotificationRequested
from functions.notification.tables import Recipient

NOTICES = frozenset(
    {
        "listing_pending",
        "listing_approved",
        "listing_rejected",
        "build_completed",
        "build_failed",
        "free_text",
    }
)


def is_unwanted(person: Recipient | None, request: NotificationRequested) -> bool:
    """Whether this is a notice on a channel that the person has switched off, or to somebody who may not come in any more."""
    is_reached = person is None or (person.active and request.channel in person.channels)
    return request.template in NOTICES and not is_reached


def end_of_quiet(
    person: Recipient | None, request: NotificationRequested, now: datetime, zone: str
) -> datetime | None:
    """When a notice may disturb again; None when it may do so now. Quiet hours may go over midnight."""
    if person is None or request.template not in NOTICES or not (person.quiet_from and person.quiet_until):
        return None
    here = now.astimezone(ZoneInfo(zone))
    begin, end = time.fromisoformat(person.quiet_from), time.fromisoformat(person.quiet_until)
    if not is_between(here.time(), begin, end):
        return None
    day = here.date() + timedelta(days=here.time() >= end)
    return datetime.combine(day, end, here.tzinfo).astimezone(UTC)


def is_between(moment: time, begin: time, end: time) -> bool:
    """Whether a time of day lies in a span that may go over midnight."""
    return begin <= moment < end if begin <= end else moment >= begin or moment < end
