"""Finding things in the log: filters, pages, single entries, one thing at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from events.auth import RoleChanged
from events.base import Event
from events.core import ContentPublished, ListingCreated
from tests.audit.log import approved, entries, record
from tests.support import City

NOON = datetime.now(UTC).replace(microsecond=123_000) - timedelta(days=1)


def happen(city: City, *events: Event, actor: UUID | None = None) -> None:
    """One event a minute, from yesterday's noon on."""
    for minute, event in enumerate(events):
        record(city, event, at=NOON + timedelta(minutes=minute), actor=actor)


def found(city: City, **query: Any) -> list[int]:
    return [entry["sequence"] for entry in entries(city, urlencode(query))]


def replayed(city: City, kind: str, identity: UUID, **query: Any):
    return city.call(
        "replay-entity", "city_admin", path=f"/api/audit/entities/{kind}/{identity}", query=urlencode(query)
    )


def test_the_newest_comes_first_by_when_it_happened_not_by_when_it_was_heard(city: City) -> None:
    record(city, approved(), at=NOON)
    record(city, approved(), at=NOON - timedelta(hours=1))
    record(city, approved(), at=NOON + timedelta(hours=1))
    assert found(city) == [3, 1, 2]


def test_entries_are_found_by_actor_thing_kind_action_and_period(city: City) -> None:
    listing, user, admin = uuid4(), uuid4(), uuid4()
    happen(city, approved(listing), RoleChanged(user_id=user, roles=["editor"]), approved(), actor=admin)
    record(city, approved(listing), at=NOON + timedelta(minutes=3))
    assert found(city, actor=admin) == [3, 2, 1]
    assert found(city, resourceId=listing) == [4, 1]
    assert found(city, resourceType="user") == [2]
    assert found(city, resourceType="user", resourceId=listing) == []
    assert found(city, action="listing.approved", actor=admin) == [3, 1]
    assert found(
        city,
        **{
            "from": (NOON + timedelta(minutes=1)).isoformat(),
            "to": (NOON + timedelta(minutes=3)).isoformat(),
        },
    ) == [3, 2]


@pytest.mark.parametrize("filters", [{}, {"action": "listing.approved"}])
def test_pages_follow_each_other_without_losing_or_repeating_anything(
    city: City, filters: dict[str, str]
) -> None:
    for event in (approved() for _ in range(7)):
        record(city, event, at=NOON)  # all at the same moment
    seen, cursor = [], None
    while True:
        page = city.call(
            "list-audit-entries",
            "city_admin",
            query=urlencode(filters | {"limit": 3, "count": "true"} | ({"cursor": cursor} if cursor else {})),
        ).body
        assert page["total"] == 7
        seen += [entry["sequence"] for entry in page["items"]]
        if not (cursor := page["nextCursor"]):
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "1.00000000-0000-0000-8000-000000000000",
        "1.ffffffff-ffff-ffff-ffff-ffffffffffff",
        f"{10**17 - 1}.{UUID(int=1)}x",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(city: City, cursor: str) -> None:
    refused = city.call("list-audit-entries", "city_admin", query=urlencode({"cursor": cursor}))
    assert (refused.status, refused.code) == (400, "CURSOR_INVALID")


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-01T00:00:00",
        "to=yesterday",
        "from=0001-01-01T00:00:00%2B14:00",
        "to=9999-12-31T23:59:59-12:00",
        "actor=anna",
        "action=%25",
        "resourceType=a%20b",
        "resourceId=1",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(city: City, query: str) -> None:
    assert city.call("list-audit-entries", "city_admin", query=query).status == 422


def test_one_entry_is_read_by_its_number(city: City) -> None:
    record(city, approved(), approved())
    for entry in entries(city):
        assert (
            city.call("get-audit-entry", "city_admin", path=f"/api/audit/{entry['sequence']}").body == entry
        )
    missing = city.call("get-audit-entry", "city_admin", path="/api/audit/3")
    assert (missing.status, missing.code) == (404, "AUDIT_ENTRY_NOT_FOUND")


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**63)])
def test_a_number_that_no_entry_can_have_is_refused(city: City, number: str) -> None:
    assert city.call("get-audit-entry", "city_admin", path=f"/api/audit/{number}").status == 422


def test_a_thing_is_shown_as_it_was_at_a_point_in_time(city: City) -> None:
    user = uuid4()
    happen(
        city,
        RoleChanged(user_id=user, roles=["editor"]),
        approved(),
        RoleChanged(user_id=user, roles=["city_admin"]),
    )
    before = replayed(city, "user", user, at=(NOON + timedelta(minutes=1)).isoformat()).body
    now = replayed(city, "user", user).body
    assert before["facts"] == {"userId": str(user), "roles": ["editor"]}
    assert now["facts"] == {"userId": str(user), "roles": ["city_admin"]}
    assert (now["state"], now["withheld"]) == ({}, [])  # no table has told anything
    assert (now["type"], now["id"], now["lastAction"]) == ("user", str(user), "role.changed")
    assert [entry["sequence"] for entry in before["entries"]["items"]] == [1]
    assert [entry["sequence"] for entry in now["entries"]["items"]] == [3, 1]


def test_the_moment_itself_belongs_to_what_was_known_and_the_one_before_does_not(city: City) -> None:
    listing = uuid4()
    happen(city, approved(listing))
    assert replayed(city, "listing", listing, at=NOON.isoformat()).status == 200
    assert (
        replayed(city, "listing", listing, at=(NOON - timedelta(microseconds=1)).isoformat()).code
        == "ENTITY_NOT_FOUND"
    )


def test_what_arrives_late_does_not_undo_what_happened_after_it(city: City) -> None:
    listing, author = uuid4(), uuid4()
    record(city, approved(listing), at=NOON)
    record(
        city,
        ListingCreated(listing_id=listing, title="x", contributor_id=author),
        at=NOON - timedelta(minutes=5),
    )
    seen = replayed(city, "listing", listing).body
    assert (seen["lastAction"], seen["facts"]["pending"]) == ("listing.approved", True)
    assert seen["facts"]["contributorId"] != str(author)


def test_a_thing_with_a_long_history_is_read_in_pages_and_its_state_is_whole(city: City) -> None:
    content = uuid4()
    happen(city, *(ContentPublished(kind="listing", content_id=content) for _ in range(5)))
    first = replayed(city, "content", content, limit=3).body
    rest = replayed(city, "content", content, limit=3, cursor=first["entries"]["nextCursor"]).body
    assert [entry["sequence"] for page in (first, rest) for entry in page["entries"]["items"]] == [
        5,
        4,
        3,
        2,
        1,
    ]
    assert first["facts"] == rest["facts"] == {"kind": "listing", "contentId": str(content)}
