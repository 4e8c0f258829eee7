"""Which days are holidays in a city follows from where it lies and what it has said; every function knows."""

import subprocess
import sys
from datetime import date
from typing import get_args
from uuid import uuid4

import pytest

from shared.tenancy.holidays import FederalState, holidays_in, is_holiday
from shared.tenancy.tenants import Tenant
from tests.city.factories import onboard, registered, resolved
from tests.support import City, call

ASSUMPTION, CORPUS, PEACE = date(2026, 8, 15), date(2026, 6, 4), date(2026, 8, 8)


def lying(state: str | None = None, *groups: str, **own: str) -> Tenant:
    return Tenant(
        id=uuid4(), slug="x", name="x", federal_state=state, holiday_groups=groups, own_holidays=own
    )


@pytest.mark.parametrize(
    ("city", "day", "is_one"),
    [
        (lying("DE-BY"), ASSUMPTION, False),
        (lying("DE-BY", "catholic"), ASSUMPTION, True),
        (lying("DE-SL"), ASSUMPTION, True),
        (lying("DE-SN"), CORPUS, False),
        (lying("DE-SN", "catholic"), CORPUS, True),
        (lying("DE-TH", "catholic"), CORPUS, True),
        (lying("DE-BW"), CORPUS, True),
        (lying("DE-BY"), PEACE, False),
        (lying("DE-BY", "augsburg"), PEACE, True),
        (lying("DE-BY", "augsburg"), CORPUS, True),
        (lying("DE-BW", "augsburg"), PEACE, False),
        (lying("DE-SN"), date(2026, 11, 18), True),
        (lying("DE-BE"), date(2026, 3, 8), True),
        (lying("DE-BW"), date(2026, 12, 24), False),
        (lying("DE-BW"), date(2026, 12, 31), False),
        (lying(), date(2026, 10, 3), True),
        (lying(), date(2026, 1, 6), False),
        (lying(None, "catholic"), ASSUMPTION, False),
    ],
)
def test_the_law_of_the_state_and_what_it_leaves_to_the_municipality(
    city: Tenant, day: date, *, is_one: bool
) -> None:
    assert is_holiday(city, day) is is_one


def test_days_of_the_citys_own_are_holidays_of_that_year() -> None:
    city = lying("DE-BW", **{"2026-07-06": "Sommertag"})
    assert holidays_in(city, 2026)[date(2026, 7, 6)] == "Sommertag"
    assert not is_holiday(city, date(2027, 7, 6))
    assert list(holidays_in(city, 2026)) == sorted(holidays_in(city, 2026))


@pytest.mark.parametrize(
    ("language", "name"),
    [("de", "Karfreitag"), ("en", "Good Friday"), ("uk", "Страсна пʼятниця"), ("tr", "Karfreitag")],
)
def test_days_are_called_as_here_or_as_the_reader_calls_them(language: str, name: str) -> None:
    assert holidays_in(lying("DE-BW"), 2026, language)[date(2026, 4, 3)].replace("'", "ʼ") == name


def test_every_state_has_its_holidays() -> None:
    assert {len(holidays_in(lying(state), 2026)) >= 9 for state in get_args(FederalState)} == {True}


def test_who_never_asks_does_not_load_the_package() -> None:
    script = "import shared.tenancy.holidays, sys; assert 'holidays' not in sys.modules"
    assert subprocess.call([sys.executable, "-P", "-c", script], env={"PYTHONPATH": "."}) == 0


def test_a_city_says_where_it_lies_and_every_function_knows_it(city: City) -> None:
    with registered(city, federalState="DE-BY", holidayGroups=["catholic", "catholic"]) as made:
        assert is_holiday(made.tenant, ASSUMPTION)
        own = [{"date": "2026-07-06", "name": "Tänzelfest"}]
        changes = {"federalState": "DE-BY", "holidayGroups": ["augsburg"], "ownHolidays": own}
        path = f"/api/cities/{made.id}"
        version = call("get-city", path=path).headers.get("ETag", "")
        changed = made.call(
            "update-city", "super_city_admin", path=path, body=changes, headers={"if-match": version}
        )
        assert changed.status == 200, changed.body
        assert {name: changed.body[name] for name in changes} == changes
        assert call("get-city", path=path).body["ownHolidays"] == own
        assert is_holiday(resolved(str(made.id)), PEACE)
        assert is_holiday(resolved(str(made.id)), date(2026, 7, 6))


def test_what_is_no_state_no_group_and_no_day_is_refused(city: City) -> None:
    for wrong in (
        {"federalState": "DE-XX"},
        {"federalState": "BW"},
        {"holidayGroups": ["jewish"]},
        {"ownHolidays": [{"date": "2026-02-30", "name": "x"}]},
        {"ownHolidays": [{"date": "2026-07-06", "name": ""}]},
        {"ownHolidays": [{"date": "2026-07-06", "name": "x"}, {"date": "2026-07-06", "name": "y"}]},
    ):
        assert onboard(city, **wrong).status == 422, wrong
