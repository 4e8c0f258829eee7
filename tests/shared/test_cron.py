"""When a cron expression is due, also on the days on which clocks change."""

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from shared.kit.cron import is_cron, latest_until, moments_after

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 10, 25, tzinfo=BERLIN)


def test_a_time_that_comes_twice_is_not_due_again_when_asked_from_its_second_coming() -> None:
    again = AUTUMN.replace(hour=2, minute=15, fold=1)
    assert next(moments_after("30 2 * * *", again)) == AUTUMN.replace(day=26, hour=2, minute=30)


@pytest.mark.parametrize("cron", ["0,30 2-3 * * *", "*/20 1-4 * * *", "30 1,2,3 * * *"])
@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_whoever_asks_from_each_time_anew_sees_the_same_times_and_each_once(cron: str, day: datetime) -> None:
    at_once = [m.timestamp() for m in islice(moments_after(cron, day), 12)]
    one_by_one, moment = [], day
    for _ in at_once:
        moment = next(moments_after(cron, moment))
        one_by_one.append(moment.timestamp())
    assert one_by_one == at_once == sorted(set(at_once))


@pytest.mark.parametrize(
    ("cron", "well"),
    [
        ("0 9 * * 1", True),
        ("*/10 * * * * *", True),
        ("0 0 29 2 *", True),
        ("0 0 31 2 *", False),
        ("0 0 */30 2 1#5", False),
        ("60 * * * *", False),
        ("0 9 * *", False),
        ("soon", False),
        ("", False),
    ],
)
def test_what_never_comes_is_no_schedule(cron: str, well: bool) -> None:
    assert is_cron(cron) is well


def test_the_latest_time_may_be_this_very_moment() -> None:
    at = datetime(2026, 1, 1, 12, 0, 0, 500, UTC)
    assert latest_until("0 12 * * *", at) == datetime(2026, 1, 1, 12, tzinfo=UTC)
