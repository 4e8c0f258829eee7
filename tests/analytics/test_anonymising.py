"""After two years nothing tells visitors apart: in every city, to the row, and nothing younger is touched."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.db.pg import error_code
from shared.db.relay_role import ask
from shared.kit.settings import settings
from tests.analytics.factories import event, happened, stored, strike, track
from tests.support import City

NOW = datetime.now(UTC)
OLD = NOW.replace(year=NOW.year - 2, day=min(NOW.day, 28)) - timedelta(days=1)
YOUNG = OLD + timedelta(days=5)


def as_relay(statement: str, **values: Any) -> list[Any]:
    return ask(settings().postgres_database_prefix + "analytics", statement, **values)


def test_what_is_two_years_old_keeps_its_date_and_loses_its_visitor_and_nothing_else_changes(
    city: City,
) -> None:
    happened(city, OLD.replace(hour=23, minute=59))
    happened(city, OLD.replace(hour=0, minute=1))
    before = {row[0]: row for row in stored(city)}
    strike("anonymise-analytics")
    midnight = OLD.replace(hour=0, minute=0, second=0, microsecond=0)
    after = stored(city)
    assert [row[2:4] for row in after] == [[midnight, None]] * 2
    for row in after:
        assert row[:2] + row[4:] == before[row[0]][:2] + before[row[0]][4:]


def test_what_is_younger_stays_as_it_is(city: City) -> None:
    happened(city, YOUNG)
    happened(city, NOW)
    track(city, event())
    before = stored(city)
    strike("anonymise-analytics")
    assert stored(city) == before


def test_every_city_is_done_however_many_rows_there_are(
    city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.analytics.anonymise_analytics.SLICE", 2)
    for number in range(5):
        happened(city, OLD - timedelta(days=number * 100))
        happened(other_city, OLD - timedelta(days=number))
    strike("anonymise-analytics")
    for rows in (stored(city), stored(other_city)):
        assert [
            (at.hour, at.minute, at.second, at.microsecond, visitor) for _, _, at, visitor, *_ in rows
        ] == [(0, 0, 0, 0, None)] * 5


def test_done_again_it_changes_nothing(city: City) -> None:
    happened(city, OLD)
    happened(city, YOUNG)
    strike("anonymise-analytics")
    rows = "SELECT id, xmin::text, at FROM events ORDER BY id"  # xmin: the transaction that wrote the row
    before = city.rows("analytics", rows)
    strike("anonymise-analytics", NOW + timedelta(days=900))
    assert city.rows("analytics", rows) == before


def test_clocks_that_strike_at_once_do_it_once(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.analytics.anonymise_analytics.SLICE", 3)
    for _ in range(20):
        happened(city, OLD)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: strike("anonymise-analytics"), range(4)))
    assert {row[3] for row in stored(city)} == {None}


def test_the_database_itself_keeps_younger_rows_from_the_relay_role(city: City) -> None:
    happened(city, YOUNG)
    happened(city, NOW)
    happened(city, OLD)
    as_relay("UPDATE events SET visitor_id = NULL, at = date_trunc('day', at, 'UTC')")
    assert [row[3] is None for row in stored(city)] == [True, False, False]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT visitor_id FROM events",
        "SELECT name FROM events",
        "SELECT * FROM events",
        "UPDATE events SET name = 'x'",
        "UPDATE events SET visitor_id = gen_random_uuid() WHERE at < now() - interval '2 years'",
        "UPDATE events SET visitor_id = NULL, at = now() WHERE at < now() - interval '2 years'",
        "UPDATE events SET visitor_id = NULL WHERE at < now() - interval '2 years'",
        "DELETE FROM events",
        "INSERT INTO events (tenant_id, id) VALUES (gen_random_uuid(), gen_random_uuid())",
        "SELECT count(*) FROM daily",
    ],
)
def test_the_relay_role_may_neither_see_who_it_was_nor_write_anything_else(
    city: City, statement: str
) -> None:
    happened(city, OLD.replace(hour=12))
    before = stored(city)
    with pytest.raises(Exception, match=r"permission denied|row-level security") as refused:
        as_relay(statement)
    assert error_code(refused.value) == "42501"
    assert stored(city) == before
