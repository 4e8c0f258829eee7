"""What people want to be told, and when: the rules of each kind of message (events/notification.py, `kind`).

What staff write freely is advertising unless somebody shows otherwise: it goes only to people who have agreed
to that.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from events.notification import Kind, NotificationRequested
from functions.notification.tables import Recipient

NOTICES = frozenset(
    {
        "listing_pending",
        "listing_approved",
        "listing_rejected",
        "build_completed",
        "build_failed",
        "free_text",
        "file_refused",
    }
)
MARKETING = frozenset({"free_text"})


def kind_of(request: NotificationRequested) -> Kind:
    """What kind of message it is; where nobody says so, its template does."""
    return request.kind or ("notice" if request.template in NOTICES else "account")


def unwanted(person: Recipient | None, request: NotificationRequested) -> str:
    """Why somebody is not to get a message, as a code: no consent, or they may not come in, or have switched
    the channel off.

    An address alone has never consented, and has nothing that it could switch off but the link in its mail.
    """
    if request.template in MARKETING and not (person and person.marketing):
        return "NO_CONSENT"
    if person is None or kind_of(request) == "account":
        return ""
    if not person.active:
        return "INACTIVE"
    return "" if request.channel in person.channels else "CHANNEL_OFF"


def end_of_quiet(
    person: Recipient | None, request: NotificationRequested, now: datetime, zone: str
) -> datetime | None:
    """When a notice may disturb again; None when it may do so now. Quiet hours may go over midnight."""
    if person is None or kind_of(request) != "notice" or not (person.quiet_from and person.quiet_until):
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
