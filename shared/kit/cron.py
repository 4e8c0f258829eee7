"""When a cron expression is due: five fields, or six with the seconds first, in the asking moment's time zone.

Where a zone changes its clocks, a time of day that does not exist comes at the end of the gap, and one that
comes twice comes once, the first time; minutes or hours that begin with `*` go by elapsed time, through both
hours, as Debian's cron has it. Day of month and weekday are an or, unless one of them begins with `*`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

SECOND = timedelta(seconds=1)


def is_cron(cron: str) -> bool:
    """Whether it is well-formed and comes within 50 years: not the 31st of February."""
    try:
        return next(CronSim(cron, datetime(2024, 1, 1)), None) is not None  # noqa: DTZ001 (any zone)
    except CronSimError:
        return False


def moments_after(cron: str, moment: datetime) -> Iterator[datetime]:
    """Its times after a moment, in order and each once."""
    last = moment
    for found in CronSim(cron, moment):
        if found.timestamp() > last.timestamp():  # what the clocks' change moves may come together
            last = found
            yield found


def latest_until(cron: str, moment: datetime) -> datetime:
    """Its last time that is not after a moment, of a zone that never changes its clocks."""
    return next(CronSim(cron, moment.replace(microsecond=0) + SECOND, reverse=True))
