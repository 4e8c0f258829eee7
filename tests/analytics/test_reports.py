"""What happened is counted per day in the city's own time, and reported as a series or a table."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from events.privacy import CityDeleted, ExportRequested, UserDeleted
from shared.adapters import storage
from tests.analytics.factories import event, happened, stored, strike, track
from tests.audit.log import said
from tests.support import City, deliver

DAILY = "SELECT name, subject, day, count, visitors FROM daily ORDER BY name, subject, day"
COUNTED = "INSERT INTO daily (tenant_id, name, subject, day, count, visitors) VALUES (:tenant, :name, :subject, :day, :count, :visitors) RETURNING 1"
NOON = datetime.now(ZoneInfo("Europe/Berlin")).replace(hour=12, minute=0) - timedelta(days=1)


def daily(city: City) -> list[list[Any]]:
    return city.rows("analytics", DAILY)


def counted(
    city: City, day: date, count: int, visitors: int, name: str = "listing_viewed", subject: str = ""
) -> None:
    """A day that has been counted."""
    city.rows(
        "analytics",
        COUNTED,
        tenant=city.id,
        name=name,
        subject=subject,
        day=day,
        count=count,
        visitors=visitors,
    )


def report(city: City, role: str = "city_admin", metric: str = "listing_viewed", **parts: str):
    query = "&".join(f"{key.rstrip('_')}={value}" for key, value in {"metric": metric, **parts}.items())
    return city.call("get-usage-report", role, query=query)


def series(city: City, **parts: str) -> list[tuple[str, str, int, int]]:
    answer = report(city, **parts)
    assert answer.status == 200, answer.body
    return [(p["firstDay"], p["lastDay"], p["count"], p["visitorDays"]) for p in answer.body["series"]]


def test_a_day_counts_events_and_distinct_visitors_of_everything_and_of_each_subject(city: City) -> None:
    one, other, ada, ben = uuid4(), uuid4(), uuid4(), uuid4()
    for listing, visitor in ((one, ada), (one, ada), (one, ben), (other, ada)):
        happened(city, NOON, listing=listing, visitor=visitor)
    happened(city, NOON, listing=None, visitor=ada)
    strike("aggregate-analytics")
    day = NOON.date()
    assert daily(city) == sorted(
        [
            ["listing_viewed", "", day, 5, 2],
            ["listing_viewed", f"listing:{one}", day, 3, 2],
            ["listing_viewed", f"listing:{other}", day, 1, 1],
            ["listing_viewed", "screen:detail", day, 5, 2],
        ]
    )


def test_a_day_is_the_citys_own_day() -> None:
    midnight = NOON.replace(hour=0)
    with City.known("here") as here, City.known("there", time_zone="Pacific/Auckland") as there:
        for city in (here, there):
            happened(city, midnight, listing=None)
            happened(city, midnight - timedelta(minutes=1), listing=None)
        strike("aggregate-analytics")
        assert [(row[2], row[3]) for row in daily(here) if not row[1]] == [
            (midnight.date() - timedelta(days=1), 1),
            (midnight.date(), 1),
        ]
        assert [(row[2], row[3]) for row in daily(there) if not row[1]] == [(midnight.date(), 2)]


def test_counting_again_changes_nothing_and_late_events_are_added(city: City) -> None:
    happened(city, NOON - timedelta(days=6))
    strike("aggregate-analytics")
    # xmin: the transaction that wrote the row
    before = city.rows("analytics", "SELECT xmin::text, * FROM daily ORDER BY subject")
    strike("aggregate-analytics")
    assert city.rows("analytics", "SELECT xmin::text, * FROM daily ORDER BY subject") == before
    late = event(name="listing_viewed", at=(NOON - timedelta(days=5)).isoformat())
    assert track(city, late, late).status == 202
    strike("aggregate-analytics")
    assert [row[3] for row in daily(city) if row[1] == ""] == [1, 1]


def test_the_oldest_event_that_is_taken_is_counted_by_the_next_strike(city: City) -> None:
    oldest = datetime.now(UTC) - timedelta(days=7) + timedelta(minutes=1)
    assert track(city, event(at=oldest.isoformat())).status == 202
    strike("aggregate-analytics", datetime.now(UTC) + timedelta(hours=1))
    assert [row[3] for row in daily(city)] == [1]


def test_what_was_counted_long_ago_is_not_counted_anew(city: City) -> None:
    counted(city, NOON.date() - timedelta(days=60), 7, 3)
    happened(city, NOON - timedelta(days=60))
    happened(city, NOON, listing=None)
    strike("aggregate-analytics")
    assert [NOON.date() - timedelta(days=60), 7, 3] in [row[2:] for row in daily(city)]


def test_a_city_counts_its_own_events_only(city: City, other_city: City) -> None:
    listing = uuid4()
    happened(city, NOON, listing=listing)
    happened(other_city, NOON, listing=listing)
    happened(other_city, NOON, listing=listing)
    strike("aggregate-analytics")
    assert [row[3] for row in daily(city)] == [1, 1, 1]
    assert [row[3] for row in daily(other_city)] == [2, 2, 2]
    day = f"{NOON:%Y-%m-%d}"
    assert series(city, from_=day, to=day, subject=f"listing:{listing}") == [(day, day, 1, 1)]


def test_a_report_by_day_has_every_day_also_the_empty_ones(city: City) -> None:
    counted(city, date(2026, 3, 28), 5, 2)
    counted(city, date(2026, 3, 30), 7, 4)
    counted(city, date(2026, 3, 31), 9, 9)
    counted(city, date(2026, 3, 29), 9, 9, name="push_opened")
    counted(city, date(2026, 3, 29), 9, 9, subject="screen:home")
    # in the night before the 29th the clocks are changed
    assert series(city, from_="2026-03-28", to="2026-03-30") == [
        ("2026-03-28", "2026-03-28", 5, 2),
        ("2026-03-29", "2026-03-29", 0, 0),
        ("2026-03-30", "2026-03-30", 7, 4),
    ]


def test_weeks_begin_on_monday_and_end_where_the_report_does(city: City) -> None:
    for day in (3, 4, 8, 9, 17):
        counted(city, date(2026, 11, day), day, 1)
    assert series(city, by="week", from_="2026-11-04", to="2026-11-17") == [
        ("2026-11-04", "2026-11-08", 12, 2),
        ("2026-11-09", "2026-11-15", 9, 1),
        ("2026-11-16", "2026-11-17", 17, 1),
    ]


def test_months_are_as_long_as_they_are(city: City) -> None:
    for day in (date(2028, 2, 29), date(2028, 2, 1), date(2028, 3, 1)):
        counted(city, day, 1, 1)
    assert series(city, by="month", from_="2028-02-01", to="2028-04-02") == [
        ("2028-02-01", "2028-02-29", 2, 2),
        ("2028-03-01", "2028-03-31", 1, 1),
        ("2028-04-01", "2028-04-02", 0, 0),
    ]


def test_a_report_says_what_it_is_about(city: City) -> None:
    counted(city, date(2026, 11, 3), 4, 2, name="screen_viewed", subject="screen:home")
    answer = report(city, metric="screen_viewed", from_="2026-11-03", to="2026-11-03", subject="screen:home")
    assert answer.body == {
        "metric": "screen_viewed",
        "subject": "screen:home",
        "by": "day",
        "series": [{"firstDay": "2026-11-03", "lastDay": "2026-11-03", "count": 4, "visitorDays": 2}],
    }


def test_a_report_can_be_taken_away_as_a_table(city: City) -> None:
    counted(city, date(2026, 11, 3), 4, 2)
    answer = report(city, from_="2026-11-02", to="2026-11-03", format="csv")
    assert (
        answer.raw.decode()
        == "firstDay,lastDay,count,visitorDays\r\n2026-11-02,2026-11-02,0,0\r\n2026-11-03,2026-11-03,4,2\r\n"
    )
    assert (
        answer.headers["Content-Disposition"]
        == f'attachment; filename="listing_viewed-{city.tenant.slug}-20261102-20261103.csv"'
    )


def test_a_report_covers_a_leap_year_and_no_more(city: City) -> None:
    assert len(series(city, from_="2028-01-01", to="2028-12-31")) == 366
    for first, last in (
        ("2028-01-01", "2029-01-01"),
        ("2028-01-02", "2028-01-01"),
        ("0001-01-01", "9999-12-31"),
    ):
        answer = report(city, from_=first, to=last)
        assert (answer.status, answer.code) == (422, "REPORT_TOO_LONG")
    assert (
        len(series(city, from_="0001-01-01", to="0001-01-02"))
        == len(series(city, from_="9999-12-30", to="9999-12-31"))
        == 2
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"metric": "logins"},
        {"metric": "listing_viewed'--"},
        {"by": "hour"},
        {"format": "xml"},
        {"from_": "0"},
        {"from_": "1790000000"},
        {"from_": "2026-02-30"},
        {"to": "2026-11-25T00:00:00Z"},
        {"to": ""},
        {"subject": "listing:x"},
        {"subject": "screen:%25"},
        {"subject": "visitor:5f0c1e0e-8a3f-4a5e-9d1c-2b7f6f1f0a11"},
        {"tenantId": "5f0c1e0e-8a3f-4a5e-9d1c-2b7f6f1f0a11"},
        {"limit": "1"},
    ],
    ids=str,
)
def test_a_report_of_what_there_is_not_is_refused(city: City, wrong: dict[str, str]) -> None:
    assert report(city, **({"from_": "2026-11-01", "to": "2026-11-02"} | wrong)).status == 422


def test_who_may_not_read_the_use_and_who_is_of_another_city_sees_nothing(
    city: City, other_city: City
) -> None:
    when = {"from_": "2026-11-03", "to": "2026-11-03"}
    counted(city, date(2026, 11, 3), 4, 2)
    assert report(city, "editor", **when).code == "FORBIDDEN"
    assert report(city, "", **when).status == 401
    assert series(other_city, **when) == [("2026-11-03", "2026-11-03", 0, 0)]


@pytest.mark.usefixtures("thirdparty")
def test_a_city_that_leaves_takes_its_use_along_and_is_erased(city: City, other_city: City) -> None:
    for one in (city, other_city):
        happened(one, NOON)
    strike("aggregate-analytics")
    export = uuid4()
    assert deliver("export-analytics-data", said(city, ExportRequested(export_id=export))).status == 204
    [part] = city.events("export.part")
    assert (part.data["service"], part.data["rows"]) == ("analytics", 4)
    assert {key.rpartition("/")[2] for key in storage.keys(city.id)} == {
        "events-0001.jsonl",
        "daily-0001.jsonl",
    }
    for _ in range(2):
        assert (
            deliver(
                "erase-analytics-data", said(city, CityDeleted(city_id=city.id, slug=city.tenant.slug))
            ).status
            == 204
        )
    assert (stored(city), daily(city)) == ([], [])
    assert (len(stored(other_city)), len(daily(other_city))) == (1, 3)


def test_a_person_who_leaves_changes_nothing_because_nothing_is_theirs(city: City) -> None:
    track(city, event(), role="citizen")
    before = stored(city)
    assert (
        deliver("erase-analytics-data", said(city, UserDeleted(user_id=city.person("citizen")))).status == 204
    )
    assert stored(city) == before
    assert [e.data["service"] for e in city.events("user.erased")] == ["analytics"]
