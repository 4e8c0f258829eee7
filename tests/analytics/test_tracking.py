"""Apps say what is used, with consent, in words from a list, and nothing of who it was is kept."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from events.users import ConsentChanged
from functions.analytics.event import SKEW
from shared.kit.settings import settings
from tests.analytics.factories import event, stored, track
from tests.audit.log import said
from tests.support import City, deliver, superuser


def ago(**parts: float) -> str:
    return (datetime.now(UTC) - timedelta(**parts)).isoformat()


def test_what_an_app_says_is_kept_as_it_was_said(city: City) -> None:
    said = event(
        name="listing_viewed",
        listingId=str(uuid4()),
        categoryId=str(uuid4()),
        screen="detail",
        platform="android",
        language="uk",
    )
    answer = track(city, said)
    assert (answer.status, answer.body) == (202, {"received": 1})
    [[*kept]] = stored(city)
    assert [str(value) for value in kept] == [
        said["id"],
        said["name"],
        str(datetime.fromisoformat(said["at"])),
        said["visitorId"],
        said["listingId"],
        said["categoryId"],
        said["screen"],
        said["platform"],
        said["language"],
    ]


def test_without_consent_nothing_is_taken(city: City) -> None:
    refusals: tuple[Any, ...] = (False, None, 1, "true", {})
    for body in (
        {"events": [event()]},
        *({"consent": no, "events": [event()]} for no in refusals),
    ):
        answer = city.call("track-events", body=body)
        assert (answer.status, answer.body["error"]["details"]["errors"][0]["field"]) == (422, "consent"), (
            body
        )
    assert stored(city) == []


def test_who_is_logged_in_is_kept_beside_nothing_that_they_did(city: City) -> None:
    for role in ("citizen", "city_admin"):
        agreed = ConsentChanged(user_id=city.person(role), purpose="analytics", granted=True)
        assert deliver("remember-usage-consents", said(city, agreed)).status == 204
        headers = {"idempotency-key": f"key-of-{role}"}
        answer = city.call("track-events", role, body={"consent": True, "events": [event()]}, headers=headers)
        assert answer.status == 202
    assert len(stored(city)) == 2
    with superuser(settings().postgres_database_prefix + "analytics") as connection:
        names = [
            name for [name] in connection.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        held = {
            name: str(connection.run(f"SELECT coalesce(json_agg(t), '[]')::text FROM {name} t"))
            for name in names
        }
    assert str(city.id) in held["events"]
    for role in ("citizen", "city_admin"):
        assert [name for name, text in held.items() if f"key-of-{role}" in text] == []
        assert {name for name, text in held.items() if str(city.person(role)) in text} == {"consents"}


@pytest.mark.parametrize("field", ["id", "visitorId"])
@pytest.mark.parametrize(
    "value",
    [
        "01a2146a-f33a-7054-b597-a2028ef70c4e",
        "a53e6f2a-e90f-11f1-9012-02fc00000001",
        "00000000-0000-0000-0000-000000000000",
        "+49 170 1234567",
        "",
        None,
        7,
    ],
)
def test_an_id_that_could_name_a_person_a_device_or_a_time_is_refused(
    city: City, field: str, value: object
) -> None:
    assert track(city, event(**{field: value})).status == 422
    assert stored(city) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "listing_bought"},
        {"name": ""},
        {"query": "Frauenarzt"},
        {"term": "x"},
        {"userId": "5f0c1e0e-8a3f-4a5e-9d1c-2b7f6f1f0a11"},
        {"email": "a@b.example"},
        {"ip": "192.0.2.1"},
        {"tenantId": "5f0c1e0e-8a3f-4a5e-9d1c-2b7f6f1f0a11"},
        {"screen": "Wo ist das Amt?"},
        {"screen": "a" * 64},
        {"screen": "../x"},
        {"listingId": "x"},
        {"platform": "windows"},
        {"platform": "Ada Lenz"},
        {"language": "tlh"},
        {"language": "'; DROP TABLE events;--"},
        {"at": "yesterday"},
        {"at": 1_790_000_000},
        {"at": "2026-11-25T10:00:00"},
        {"at": None},
    ],
    ids=str,
)
def test_what_is_on_no_list_is_refused(city: City, fields: dict[str, Any]) -> None:
    assert track(city, event(), event(**fields)).status == 422
    assert stored(city) == []


@pytest.mark.parametrize(
    "at",
    [
        ago(days=7, minutes=1),
        ago(days=400),
        ago(hours=-5),
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
    ],
    ids=["a minute over a week", "a year and more", "in five hours", "first", "last", "before the first"],
)
def test_what_is_too_old_or_has_not_happened_yet_is_refused_by_its_number(city: City, at: str) -> None:
    answer = track(city, event(), event(at=at), event())
    assert (answer.status, [e["field"] for e in answer.body["error"]["details"]["errors"]]) == (
        422,
        ["events.1.at"],
    )
    assert stored(city) == []


def test_a_week_without_a_network_and_a_fast_clock_are_no_reason_to_refuse(city: City) -> None:
    ahead = (datetime.now(UTC) + SKEW / 2).isoformat()
    assert track(city, event(at=ago(days=6, hours=23)), event(at=ahead)).status == 202
    assert len(stored(city)) == 2


def test_a_batch_has_a_hundred_events_at_most_and_one_at_least(city: City) -> None:
    assert track(city, *(event() for _ in range(100))).body == {"received": 100}
    assert track(city, *(event() for _ in range(101))).status == 422
    assert track(city).status == 422
    assert len(stored(city)) == 100


def test_a_batch_is_not_read_beyond_its_limit(city: City) -> None:
    answer = city.call(
        "track-events", body=json.dumps({"consent": True, "events": [event()], "x": "x" * 70_000}).encode()
    )
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


def test_a_batch_that_is_sent_again_counts_once(city: City) -> None:
    said = [event() for _ in range(3)]
    for _ in range(2):
        assert track(city, *said).body == {"received": 3}
    again = track(
        city, said[0], said[0], said[0] | {"name": "push_opened", "visitorId": str(uuid4())}, event()
    )
    assert again.status == 202
    assert len(stored(city)) == 4
    assert {name for _, name, *_ in stored(city)} == {"screen_viewed"}


def test_batches_that_overlap_and_arrive_at_once_do_not_hinder_each_other(city: City) -> None:
    said = [event() for _ in range(60)]
    batches = [said, said[::-1], said[30:] + said[:30], said[::2] + said[1::2]] * 3
    with ThreadPoolExecutor(4) as pool:
        assert {answer.status for answer in pool.map(lambda batch: track(city, *batch), batches)} == {202}
    assert len(stored(city)) == 60


def test_the_same_id_in_another_city_is_another_event(city: City, other_city: City) -> None:
    said = event()
    assert track(other_city, said | {"name": "push_opened"}).status == track(city, said).status == 202
    assert [row[1] for row in stored(city)] == ["screen_viewed"]
    assert [row[1] for row in stored(other_city)] == ["push_opened"]


def test_nobody_can_say_something_in_another_citys_name(city: City, other_city: City) -> None:
    answer = city.call(
        "track-events",
        "citizen",
        body={"consent": True, "events": [event()]},
        host=f"{other_city.tenant.slug}.localhost",
    )
    assert (answer.status, answer.code) == (403, "TENANT_MISMATCH")
    assert stored(city) == stored(other_city) == []


def test_the_app_role_cannot_change_what_was_said(city: City) -> None:
    track(city, event())
    work = city.sql("analytics")
    with pytest.raises(Exception, match="permission denied"):
        work.run("UPDATE events SET name = 'push_opened'")
    work.rollback()
