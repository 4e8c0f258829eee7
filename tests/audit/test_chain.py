"""Whoever changes the log behind the platform's back is found, wherever they did it."""

import hashlib
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import uuid4

import pytest

from tests.audit.log import approved, behind_the_walls, canonical, entries, record, verified
from tests.support import City

ROWS = "WHERE tenant_id = :tenant AND sequence"


def tamper(city: City, *statements: str) -> None:
    with behind_the_walls() as connection:
        for statement in statements:
            connection.run(statement, tenant=city.id)


def relinked(sequence: int) -> str:
    """Give an entry the hash that fits what it says now."""
    return f"""UPDATE entries e SET hash = entry_hash((SELECT hash FROM entries {ROWS} = {sequence - 1}), e)
      WHERE tenant_id = :tenant AND sequence = {sequence}"""


@pytest.fixture
def ten(city: City) -> City:
    """A city where ten things have happened."""
    record(city, *(approved() for _ in range(10)))
    return city


def test_an_untouched_log_is_intact(ten: City) -> None:
    report = verified(ten)
    assert report == {
        "intact": True,
        "first": 1,
        "checked": 10,
        "head": 10,
        "headHash": entries(ten)[0]["hash"],
        "next": None,
        "broken": None,
    }


def test_a_log_without_entries_is_intact(city: City) -> None:
    report = verified(city)
    assert (report["intact"], report["checked"], report["head"], report["headHash"]) == (True, 0, 0, "0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        "action = 'listing.rejected'",
        "actor_id = gen_random_uuid()",
        "actor_id = tenant_id",
        "at = at - interval '1 second'",
        "resource_id = gen_random_uuid()",
        "resource_type = 'user'",
        "event_id = 'x'",
        "source = 'x'",
        "correlation_id = NULL",
        "data = data || '{\"pending\": true}'",
        "data = '{}'",
        "recorded_at = recorded_at + interval '1 microsecond'",
    ],
)
def test_an_entry_that_was_changed_is_named(ten: City, change: str) -> None:
    tamper(ten, f"UPDATE entries SET {change} {ROWS} = 5")
    report = verified(ten)
    shown = {entry["sequence"]: entry["hash"] for entry in entries(ten)}
    assert not report["intact"]
    assert (report["broken"]["sequence"], report["broken"]["found"]) == (5, shown[5])
    assert report["broken"]["expected"] != shown[5]


def test_an_entry_that_was_changed_together_with_its_hash_breaks_the_next(ten: City) -> None:
    tamper(ten, f"UPDATE entries SET action = 'x.y' {ROWS} = 5", relinked(5))
    assert verified(ten)["broken"]["sequence"] == 6


def test_a_log_that_was_rewritten_to_its_end_breaks_at_the_head(ten: City) -> None:
    tamper(ten, f"UPDATE entries SET action = 'x.y' {ROWS} = 5", *map(relinked, range(5, 11)))
    report = verified(ten)
    assert report["broken"] == {
        "sequence": 10,
        "expected": report["headHash"],
        "found": entries(ten)[0]["hash"],
    }


@pytest.mark.parametrize("hash_", ["", "00", "ff" * 32])
def test_a_hash_that_was_overwritten_is_found_whatever_it_is_now(ten: City, hash_: str) -> None:
    tamper(ten, f"UPDATE entries SET hash = decode('{hash_}', 'hex') {ROWS} = 5")
    assert (verified(ten)["broken"]["sequence"], verified(ten)["broken"]["found"]) == (5, hash_)


@pytest.mark.parametrize(
    ("gone", "named"), [("= 1", 1), ("= 5", 5), ("BETWEEN 4 AND 7", 4), ("= 10", 10), ("> 7", 8), ("> 0", 1)]
)
def test_entries_that_were_removed_are_missed(ten: City, gone: str, named: int) -> None:
    tamper(ten, f"DELETE FROM entries {ROWS} {gone}")
    broken = verified(ten)["broken"]
    assert (broken["sequence"], broken["found"]) == (named, None)


@pytest.mark.parametrize(("number", "named"), [(11, 11), (12, 11), (5, 6)])
def test_an_entry_that_was_slipped_in_is_noticed(ten: City, number: int, named: int) -> None:
    tamper(
        ten,
        f"""INSERT INTO entries SELECT (jsonb_populate_record(e, jsonb_build_object('sequence', {number},
      'recorded_at', recorded_at + interval '1 microsecond'))).* FROM entries e {ROWS} = {min(number, 10)}""",
    )
    assert verified(ten)["broken"]["sequence"] == named


def test_a_forgotten_chain_makes_every_entry_one_too_many(ten: City) -> None:
    tamper(ten, "DELETE FROM chains WHERE tenant_id = :tenant")
    assert verified(ten)["broken"]["sequence"] == 1


def test_two_entries_that_changed_places_are_noticed(ten: City) -> None:
    tamper(
        ten,
        f"UPDATE entries SET sequence = 99 {ROWS} = 5",
        f"UPDATE entries SET sequence = 5 {ROWS} = 6",
        f"UPDATE entries SET sequence = 6 {ROWS} = 99",
    )
    assert verified(ten)["broken"]["sequence"] == 5


def test_an_entry_of_another_city_does_not_fit(ten: City, other_city: City) -> None:
    record(other_city, approved())
    with behind_the_walls() as connection:
        connection.run("DELETE FROM entries WHERE tenant_id = :ten AND sequence = 1", ten=ten.id)
        connection.run(
            "UPDATE entries SET tenant_id = :ten WHERE tenant_id = :other", ten=ten.id, other=other_city.id
        )
    assert verified(ten)["broken"]["sequence"] == 1


def test_a_long_log_is_checked_piece_by_piece(ten: City) -> None:
    pieces, place = [], 1
    while place:
        report = verified(ten, f"from={place}&limit=4")
        pieces.append((report["first"], report["checked"], report["intact"]))
        place = report["next"]
    assert pieces == [(1, 4, True), (5, 4, True), (9, 2, True)]


def test_where_a_log_ends_with_a_piece_the_next_one_is_empty_and_looks_at_the_end(ten: City) -> None:
    assert verified(ten, "limit=10")["next"] == 11
    assert (verified(ten, "from=11")["checked"], verified(ten, "from=11")["intact"]) == (0, True)
    tamper(ten, f"DELETE FROM entries {ROWS} = 10")
    assert verified(ten, "from=10")["broken"]["sequence"] == 10
    assert verified(ten, "from=11")["broken"] == {"sequence": 10, "expected": None, "found": None}


def test_a_piece_hangs_on_the_entry_before_it(ten: City) -> None:
    tamper(ten, f"UPDATE entries SET action = 'x.y' {ROWS} = 4", relinked(4))
    assert verified(ten, "from=1&limit=4")["intact"]
    assert verified(ten, "from=5&limit=4")["broken"]["sequence"] == 5
    assert verified(ten, "from=6&limit=2")["intact"]


def test_a_number_beyond_the_end_asks_for_the_end(ten: City) -> None:
    assert (verified(ten, f"from={2**63 - 1}")["first"], verified(ten, f"from={2**63 - 1}")["intact"]) == (
        11,
        True,
    )


def test_an_auditor_can_check_an_export_without_us(ten: City) -> None:
    record(ten, *(approved() for _ in range(3)), actor=uuid4(), correlation='Prüfung 1/2 – „grün"')
    exported = ten.call(
        "export-audit",
        "city_admin",
        query=f"from={datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}&format=json",
    ).body
    assert exported["count"] == 13
    before = bytes(32)
    for entry in sorted(exported["entries"], key=itemgetter("sequence")):
        stated = bytes.fromhex(entry.pop("hash"))
        before = hashlib.sha256(before + canonical(entry).encode()).digest()
        assert before == stated, entry["sequence"]
    assert before.hex() == verified(ten)["headHash"]
