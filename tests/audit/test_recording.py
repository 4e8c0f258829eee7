"""Every event becomes one entry, in an unbroken row, and nobody but the database writes entries."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from events.auth import UserCreated
from events.city import CityOnboarded
from events.core import ListingCreated, ListingRejected
from events.notification import NotificationRequested
from events.users import DeviceRegistered, UserUpdated
from shared.db.pg import error_code
from shared.db.relay_role import relay
from shared.kit.cloudevents import BATCH
from shared.kit.settings import settings
from tests.audit.log import (
    approved,
    attempt,
    behind_the_walls,
    database,
    entries,
    record,
    record_together,
    said,
    verified,
)
from tests.core.factories import make_listing
from tests.support import City, call, deliver


def test_a_real_event_becomes_an_entry_that_says_who_did_what_to_what(city: City) -> None:
    listing = make_listing(city, title="Lesecafé am Markt")
    assert (
        city.call("approve-listing", "city_admin", path=f"/api/listings/{listing['id']}/approve").status
        == 200
    )
    record(city, *city.events())
    entry = next(entry for entry in entries(city) if entry["action"] == "listing.approved")
    [event] = city.events("listing.approved")
    assert (entry["resourceType"], entry["resourceId"]) == ("listing", listing["id"])
    assert entry["actorId"] == str(city.person("city_admin"))
    assert entry["data"] == {"listingId": listing["id"], "contributorId": str(city.person("editor"))}
    assert (entry["eventId"], entry["source"], entry["correlationId"]) == (
        event.envelope.id,
        "/heidi/core",
        event.envelope.correlation_id,
    )
    assert (
        datetime.fromisoformat(entry["at"])
        == event.envelope.time
        <= datetime.fromisoformat(entry["recordedAt"])
    )


def test_no_name_no_address_and_no_text_gets_into_the_database(city: City) -> None:
    person = {"user_id": uuid4(), "name": "Anna Müller", "language": "de"}
    record(
        city,
        UserCreated(email="anna.mueller@example.org", roles=["citizen"], **person),
        UserUpdated(**person),
        CityOnboarded(
            city_id=city.id,
            slug="x",
            name="Weinheim",
            languages=["de"],
            features=["chatbot"],
            admin_email="ada@example.org",
        ),
        ListingCreated(listing_id=uuid4(), title="Sprechstunde bei Anna Müller", contributor_id=uuid4()),
        ListingRejected(
            listing_id=uuid4(),
            title="Sprechstunde",
            contributor_id=uuid4(),
            reason="Frau Müller ist im Urlaub",
        ),
        DeviceRegistered(user_id=uuid4(), device_id="annas-telefon", platform="fcm", token="geheim:token"),
        NotificationRequested(
            notification_id=uuid4(),
            channel="email",
            template="welcome",
            address="anna.mueller@example.org",
            language="de",
            values={"name": "Anna Müller", "link": "https://example.org/geheim"},
        ),
    )
    with behind_the_walls() as connection:
        [[everything]] = connection.run(
            "SELECT json_agg(e)::text FROM entries e WHERE tenant_id = :tenant", tenant=city.id
        )
    assert len(json.loads(everything)) == 7
    for personal in (
        "Anna",
        "anna",
        "Müller",
        "M\\u",
        "example.org",
        "geheim",
        "Sprechstunde",
        "Urlaub",
        "Weinheim",
        "https",
    ):
        assert personal not in everything
    assert {word for word in ("citizen", "chatbot", "welcome", "fcm", "email") if word in everything} == {
        "citizen",
        "chatbot",
        "welcome",
        "fcm",
        "email",
    }


def test_an_event_that_comes_twice_is_recorded_once(city: City) -> None:
    event = said(city, approved())
    record(city, event, event)
    assert len(entries(city)) == 1


def test_events_of_several_cities_that_come_together_are_recorded_once_each_in_their_order(
    city: City, other_city: City
) -> None:
    here, there = [
        [said(where, approved(), actor=where.person("editor"), correlation=f"{n}") for n in range(5)]
        for where in (city, other_city)
    ]
    record(city, here[1])
    assert record_together(*here, there[0], here[0], *there[1:]).status == 204
    assert [entry["correlationId"] for entry in entries(city)] == ["4", "3", "2", "1", "0"]
    assert [entry["correlationId"] for entry in entries(other_city)] == ["4", "3", "2", "1", "0"]
    assert {entry["actorId"] for entry in entries(city)} == {str(city.person("editor"))}
    assert record_together(*here, *there).status == 204
    assert (len(entries(city)), len(entries(other_city))) == (5, 5)
    assert verified(city)["intact"]


def test_of_a_batch_that_holds_something_else_nothing_is_kept(city: City) -> None:
    good, bad = said(city, approved()), said(city, approved(), id="\x00")
    assert record_together(good, bad).status == 422
    assert entries(city) == []
    token = settings().broker_token.get_secret_value()
    for body in (b"", b"{}", b"[1]", b"["):
        assert (
            call(
                "record-audit-entry", path="/", body=body, token=token, headers={"content-type": BATCH}
            ).status
            == 422
        ), body
    assert call("record-audit-entry", path="/", body=b"[]", headers={"content-type": BATCH}).status == 401
    assert call("send-push", path="/", body=b"[]", token=token, headers={"content-type": BATCH}).status == 422


def test_an_event_that_comes_twice_at_the_same_time_is_recorded_once(city: City) -> None:
    event = said(city, approved())
    with ThreadPoolExecutor(6) as threads:
        assert {
            answer.status for answer in threads.map(lambda _: deliver("record-audit-entry", event), range(6))
        } == {204}
    assert [entry["sequence"] for entry in entries(city)] == [1]


def test_events_that_come_at_once_stand_in_a_row_without_gaps(city: City, other_city: City) -> None:
    waiting = [said(where, approved()) for _ in range(60) for where in (city, other_city)]
    with ThreadPoolExecutor(12) as threads:
        assert {
            answer.status
            for answer in threads.map(lambda event: deliver("record-audit-entry", event), waiting)
        } == {204}
    for where in (city, other_city):
        assert sorted(entry["sequence"] for entry in entries(where, "limit=100")) == list(range(1, 61))
        assert (verified(where)["intact"], verified(where)["checked"]) == (True, 60)


def test_an_entry_whose_transaction_fails_leaves_no_gap(city: City) -> None:
    record(city, approved())
    work = city.sql("audit")
    [[number]] = work.run(
        "SELECT append_entry(now(), NULL, NULL, 'x.y', 'x', NULL, '', 's', 'e', '{}', NULL, NULL)"
    )
    work.rollback()
    record(city, approved())
    assert number == 2
    assert [entry["sequence"] for entry in entries(city)] == [2, 1]
    assert verified(city)["intact"]


def test_an_actor_that_is_no_person_is_nobody(city: City) -> None:
    event = said(city, approved())
    for actor in ("", "anna@example.org"):
        object.__setattr__(event.envelope, "actor_id", actor)
        object.__setattr__(event.envelope, "id", str(uuid4()))
        record(city, event)
    assert ["actorId" in entry for entry in entries(city)] == [False, False]


def test_an_event_of_a_type_that_nobody_knows_is_recorded_too(city: City) -> None:
    event = said(city, approved())
    event.text = json.dumps(
        {"thing": {"name": "Anna"}, "thingId": str(city.id), "model_extra": 1, "topic": "x"}
    )
    object.__setattr__(event.envelope, "type", "org.example.Thing Happened")
    record(city, event)
    [entry] = entries(city)
    assert (entry["action"], entry["resourceType"], entry["data"]) == (
        "org.example.Thing Happened",
        "thing",
        {"thingId": str(city.id)},
    )


def test_what_a_fast_clock_says_about_the_future_happened_now(city: City) -> None:
    record(city, approved(), at=datetime.now(UTC) + timedelta(days=400))
    [entry] = entries(city)
    assert entry["at"] == entry["recordedAt"]
    assert datetime.fromisoformat(entry["at"]) - datetime.now(UTC) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET action = 'x'",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "DROP TABLE entries",
        "INSERT INTO entries SELECT * FROM entries",
        "UPDATE chains SET sequence = 0",
        "DELETE FROM chains",
        "INSERT INTO chains (tenant_id, sequence, recorded_at, hash) VALUES (gen_random_uuid(), 0, now(), '')",
        "SELECT prepare_partitions()",
        "SELECT drop_expired_partition()",
        "SELECT make_partition(now())",
        "ALTER TABLE entries DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE public.mine (id int)",
        "SET session_replication_role = replica",
    ],
)
def test_the_app_role_appends_and_reads_and_can_do_nothing_else(city: City, statement: str) -> None:
    record(city, approved())
    with pytest.raises(Exception, match=r"permission denied|must be owner") as refused:
        attempt(city, statement)
    assert error_code(refused.value) == "42501"
    assert verified(city)["intact"]


@pytest.mark.parametrize(
    "verb",
    [
        "SELECT hash FROM {}",
        "INSERT INTO {} SELECT * FROM entries",
        "UPDATE {} SET action = 'x'",
        "DELETE FROM {}",
    ],
)
def test_a_partition_has_no_door_of_its_own(city: City, verb: str) -> None:
    partition = f"entries_{datetime.now(UTC):%Y_%m}"
    with pytest.raises(Exception, match="permission denied"):
        attempt(city, verb.format(partition))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM entries",
        "SELECT 1 FROM chains",
        "DELETE FROM entries",
        "SELECT make_partition(now())",
        "SELECT append_entry(now(), NULL, NULL, '', '', NULL, '', '', '', '{}', NULL, NULL)",
    ],
)
def test_the_relay_role_sees_nothing_of_the_log(statement: str) -> None:
    with pytest.raises(Exception, match="permission denied"), relay(database()) as connection:
        connection.batch([(statement, {})])


def test_without_a_tenant_nothing_is_appended(city: City) -> None:
    with pytest.raises(Exception, match="null value") as refused, city.sql("audit").pool.take() as connection:
        connection.batch(
            [("SELECT append_entry(now(), NULL, NULL, '', '', NULL, '', '', '', '{}', NULL, NULL)", {})]
        )
    assert error_code(refused.value) == "23502"


def test_another_city_sees_nothing(city: City, other_city: City) -> None:
    listing = uuid4()
    record(city, approved(listing))
    assert entries(other_city, f"resourceId={listing}") == entries(other_city) == []
    for name, path in (
        ("get-audit-entry", "/api/audit/1"),
        ("replay-entity", f"/api/audit/entities/listing/{listing}"),
    ):
        assert other_city.call(name, "city_admin", path=path).status == 404
        assert city.call(name, "city_admin", path=path).status == 200
    assert (verified(other_city)["head"], verified(other_city)["checked"]) == (0, 0)
    period = f"from={datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}&format=json"
    assert other_city.call("export-audit", "city_admin", query=period).body == {"entries": [], "count": 0}
    assert city.call("export-audit", "city_admin", query=period).body["count"] == 1
    assert (
        other_city.rows("audit", "SELECT 1 FROM entries")
        == other_city.rows("audit", "SELECT 1 FROM chains")
        == []
    )
