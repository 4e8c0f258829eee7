"""Seven years, in whole months; what is left after that still proves itself."""

from datetime import UTC, datetime

import pytest

from broker.tick import next_after
from shared.kit.settings import settings
from tests.audit.log import approved, attempt, behind_the_walls, entries, record, verified
from tests.support import City, call
from tooling.registry import records

PARTITIONS = "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'entries'::regclass ORDER BY relname"
LONG_AGO = """DO $$ BEGIN
 UPDATE entries SET recorded_at = recorded_at - interval '{age}', at = at - interval '{age}' WHERE tenant_id = '{tenant}' AND sequence <= {last};
 FOR n IN 1..{all} LOOP
  UPDATE entries e SET hash = entry_hash(coalesce((SELECT hash FROM entries WHERE tenant_id = '{tenant}' AND sequence = n - 1), decode(repeat('00', 32), 'hex')), e)
   WHERE tenant_id = '{tenant}' AND sequence = n;
 END LOOP;
 UPDATE chains c SET hash = e.hash FROM entries e WHERE e.tenant_id = c.tenant_id AND e.sequence = c.sequence AND c.tenant_id = '{tenant}';
END $$"""


def tick(name: str) -> int:
    return call(name, path="/", token=settings().broker_token.get_secret_value()).status


def partitions() -> list[str]:
    with behind_the_walls() as connection:
        return [name for [name] in connection.run(PARTITIONS)]


def grow_old(city: City, last: int, age: str, all_: int) -> None:
    """Let the first entries be this old, as if they had been recorded then."""
    with behind_the_walls() as connection:
        # as `append_entry` makes them: the superuser must own no table
        connection.run("SET ROLE heidi_owner")
        connection.run(f"SELECT make_partition(now() - interval '{age}')")
        connection.run("RESET ROLE")
        connection.run(LONG_AGO.format(age=age, tenant=city.id, last=last, all=all_))
    assert verified(city)["intact"]


def coming(months: int) -> list[str]:
    """The names of this month's partition and the next ones'."""
    today = datetime.now(UTC)
    numbers = [today.year * 12 + today.month - 1 + ahead for ahead in range(months)]
    return [f"entries_{number // 12}_{number % 12 + 1:02}" for number in numbers]


def test_the_coming_months_are_made_ahead_however_often_it_is_asked(city: City) -> None:
    with behind_the_walls() as connection:
        connection.run(f"DROP TABLE {coming(3)[2]}")
    for _ in range(2):
        assert tick("prepare-audit-partitions") == 204
        assert set(coming(3)) <= set(partitions())


def test_recording_makes_a_partition_that_nobody_has_made(city: City) -> None:
    record(city, approved())
    with behind_the_walls() as connection:
        connection.run(f"DROP TABLE {coming(1)[0]}")
        connection.run("UPDATE chains SET anchor_sequence = sequence, anchor_hash = hash")
    record(city, approved())
    assert coming(1)[0] in partitions()
    assert [entry["sequence"] for entry in entries(city)] == [2]
    assert verified(city)["intact"]


def test_every_partition_is_behind_the_wall(city: City) -> None:
    record(city, approved())
    with behind_the_walls() as connection:
        for name in partitions():
            assert connection.run(
                "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class WHERE relname = :name",
                name=name,
            ) == [[True, True, "heidi_owner"]]
            assert connection.run(
                "SELECT has_table_privilege('heidi_app', :name, 'SELECT'), has_table_privilege('heidi_relay', :name, 'SELECT')",
                name=name,
            ) == [[False, False]]


def test_what_is_older_than_seven_years_goes_and_the_rest_still_verifies(
    city: City, other_city: City
) -> None:
    for where in (city, other_city):
        record(where, *(approved() for _ in range(6)))
    grow_old(city, 4, "8 years", 6)
    grow_old(other_city, 6, "7 years 2 months", 6)
    assert tick("apply-audit-retention") == 204
    assert [entry["sequence"] for entry in entries(city)] == [6, 5]
    assert entries(other_city) == []
    assert (verified(city)["first"], verified(city)["checked"], verified(city)["intact"]) == (5, 2, True)
    assert (
        verified(other_city)["first"],
        verified(other_city)["checked"],
        verified(other_city)["intact"],
    ) == (7, 0, True)
    for where in (city, other_city):
        record(where, approved())
        assert entries(where)[0]["sequence"] == 7
        assert verified(where)["intact"]
    assert tick("apply-audit-retention") == 204


def test_after_retention_a_change_of_the_new_first_entry_is_found(city: City) -> None:
    record(city, *(approved() for _ in range(3)))
    grow_old(city, 1, "8 years", 3)
    tick("apply-audit-retention")
    with behind_the_walls() as connection:
        connection.run(
            "UPDATE entries SET action = 'x.y' WHERE tenant_id = :tenant AND sequence = 2", tenant=city.id
        )
    assert verified(city)["broken"]["sequence"] == 2


def test_what_is_not_yet_seven_years_old_stays(city: City) -> None:
    record(city, *(approved() for _ in range(2)))
    grow_old(city, 1, "6 years 11 months", 2)
    assert tick("apply-audit-retention") == 204
    assert len(entries(city)) == 2


def test_a_reader_of_the_old_is_waited_for_and_not_harmed(city: City) -> None:
    record(city, *(approved() for _ in range(2)))
    grow_old(city, 1, "8 years", 2)
    reader = city.sql("audit")
    assert len(reader.run("SELECT 1 FROM entries")) == 2
    with behind_the_walls() as connection:
        connection.run("ALTER FUNCTION drop_expired_partition() SET lock_timeout = '50ms'")
    try:
        assert tick("apply-audit-retention") >= 500
        assert len(reader.run("SELECT 1 FROM entries")) == 2
    finally:
        reader.rollback()
        with behind_the_walls() as connection:
            connection.run("ALTER FUNCTION drop_expired_partition() SET lock_timeout = '10s'")
    assert tick("apply-audit-retention") == 204
    assert len(entries(city)) == 1


def test_only_the_relay_role_may_ask_for_it(city: City) -> None:
    for call_ in ("drop_expired_partition()", "prepare_partitions()"):
        with pytest.raises(Exception, match="permission denied"):
            attempt(city, f"SELECT {call_}")


def test_retention_and_preparation_come_once_a_night() -> None:
    for name in ("apply-audit-retention", "prepare-audit-partitions"):
        assert next_after(records()[name].cron, 0.0) < 86_400
        assert next_after(records()[name].cron, 86_400 * 10.5) == next_after(
            records()[name].cron, 86_400 * 11.0
        )
