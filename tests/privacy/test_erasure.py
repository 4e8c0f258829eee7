"""Erasure: after 30 days nothing tells any more who it was, in no service, and every service has said so."""

import logging
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from events.privacy import CityDeleted, ExportRequested, UserDeleted, UserErased
from shared.adapters import storage
from shared.db.privacy import Personal
from shared.kit.keepers import KEEPERS
from tests.adapters.running import ThirdParties
from tests.audit.log import said
from tests.auth.people import join
from tests.privacy.lives import active, erase, erasure, tick, traces
from tests.support import City, deliver
from tooling.generate.privacy import tables
from tooling.registry import records, services

pytestmark = pytest.mark.usefixtures("thirdparty")
SILENT = {"city", "platform"}  # what they hold about people, nobody leaves by living here
LEFT = {"audit.entries", "users.erasures"}  # ids alone, which stand for nobody


@pytest.mark.parametrize("event", [UserDeleted, ExportRequested])
def test_every_service_with_a_database_answers_for_what_it_holds(event: type) -> None:
    answering = sorted(r.service for r in records().values() if event in r.events)
    assert answering == services(), f"each service with a database hears {event.__name__}, and once"


def test_after_thirty_days_no_service_knows_who_it_was(city: City, thirdparty: ThirdParties) -> None:
    person, _ = active(city)
    before = traces(city, person.id)
    assert {name.partition(".")[0] for name in before} == {
        service for service, table in tables() if isinstance(table.privacy, Personal)
    } - SILENT, "somebody has to leave something in each service: tests/<service>/<module>/…_traces.py"
    erase(city, person.id)
    assert set(traces(city, person.id)) <= LEFT
    assert erasure(city, person.id) == (sorted(KEEPERS), True)
    assert list(storage.keys(city.id, "people/")) == []


def test_what_the_city_has_published_stays_without_its_author(city: City) -> None:
    person, _ = active(city)
    erase(city, person.id)
    [[author, contact]] = city.rows("core", "SELECT created_by, contact FROM listings")
    assert (author.int, contact) == (0, None)
    [[author]] = city.rows("chatbot", "SELECT created_by FROM documents")
    assert author.int == 0


def test_others_and_other_cities_lose_nothing(city: City, other_city: City) -> None:
    person, _ = active(city)
    stays, _ = active(other_city)
    neighbour = join(city, "editor")
    city.settle()
    before = traces(other_city, stays.id), traces(city, neighbour.id)
    erase(city, person.id)
    after = traces(other_city, stays.id), traces(city, neighbour.id)
    for one, two in zip(before, after, strict=True):
        assert {k: v for k, v in one.items() if k != "audit.entries"} == {
            k: v for k, v in two.items() if k != "audit.entries"
        }


def test_before_thirty_days_nothing_is_erased(city: City) -> None:
    person, _ = active(city)
    before = traces(city, person.id)
    erase(city, person.id, days=29)
    assert traces(city, person.id) == before
    assert city.events("user.deleted") == []


def test_it_is_said_once_however_often_the_clock_strikes(city: City) -> None:
    person = join(city)
    city.settle()
    city.rows(
        "users",
        "UPDATE profiles SET state = 'deleted', deleted_at = now() - interval '31 days' WHERE id = :id RETURNING 1",
        id=person.id,
    )
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: tick(), range(6)))
    assert len(city.events("user.deleted")) == 1


def test_a_service_that_does_not_confirm_is_asked_again_and_named(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    person = join(city)
    city.settle()
    city.rows(
        "users",
        "UPDATE profiles SET state = 'deleted', deleted_at = now() - interval '31 days' WHERE id = :id RETURNING 1",
        id=person.id,
    )
    tick()
    for service in ("auth", "audit"):
        deliver("record-erasure", said(city, UserErased(user_id=person.id, service=service)))
    assert erasure(city, person.id) == (["audit", "auth"], False)
    tick(hours=23)
    assert len(city.events("user.deleted")) == 1
    with caplog.at_level(logging.ERROR, "heidi.erasure"):
        tick(hours=25)
    [record] = [r for r in caplog.records if r.__dict__["context"]["userId"] == str(person.id)]
    assert record.__dict__["context"]["missing"] == sorted({*KEEPERS} - {"audit", "auth"})
    assert len(city.events("user.deleted")) == 2
    city.settle()
    assert erasure(city, person.id) == (sorted(KEEPERS), True)
    tick(days=3)
    assert len(city.events("user.deleted")) == 2


def test_confirmations_that_arrive_at_once_are_all_counted(city: City) -> None:
    person = join(city)
    city.settle()
    city.rows(
        "users",
        "UPDATE profiles SET state = 'deleted', deleted_at = now() - interval '31 days' WHERE id = :id RETURNING 1",
        id=person.id,
    )
    tick()
    confirmed = [
        said(city, UserErased(user_id=person.id, service=service)) for service in (*KEEPERS, *KEEPERS)
    ]
    with ThreadPoolExecutor(8) as pool:
        assert {
            done.status for done in pool.map(lambda event: deliver("record-erasure", event), confirmed)
        } == {204}
    assert erasure(city, person.id) == (sorted(KEEPERS), True)


def test_erasing_twice_changes_nothing(city: City) -> None:
    person, _ = active(city)
    erase(city, person.id)
    before = city.rows("core", "SELECT id, created_by, updated_at FROM listings")
    for name in ("erase-core-data", "erase-users-data", "erase-auth-data"):
        assert deliver(name, said(city, UserDeleted(user_id=person.id))).status == 204
    assert city.rows("core", "SELECT id, created_by, updated_at FROM listings") == before


def test_a_late_message_about_an_erased_person_does_not_bring_them_back(city: City) -> None:
    person, _ = active(city)
    [created] = city.events("user.created")
    erase(city, person.id)
    city.rows("users", "DELETE FROM inbox RETURNING 1")
    assert deliver("create-profile", created).status == 204
    assert city.rows("users", "SELECT count(*) FROM profiles") == [[0]]


def test_an_address_can_be_used_again_afterwards(city: City) -> None:
    person, _ = active(city)
    erase(city, person.id)
    again = join(city, "citizen", person.email)
    assert again.id != person.id


def test_an_erasure_that_another_service_has_begun_is_watched_like_any_other(city: City) -> None:
    guest = uuid4()  # auth ends the accounts of guests who stay away
    for service in KEEPERS[1:]:
        assert deliver("record-erasure", said(city, UserErased(user_id=guest, service=service))).status == 204
    assert erasure(city, guest) == (sorted(KEEPERS[1:]), False)
    tick(hours=25)
    [again] = city.events("user.deleted")
    assert again.data == {"userId": str(guest)}
    city.settle()
    assert erasure(city, guest) == (sorted(KEEPERS), True)


def test_a_city_that_is_gone_takes_its_peoples_traces_along(city: City) -> None:
    person, _ = active(city)
    leaver = join(city, "editor")
    city.settle()
    erase(city, leaver.id)
    assert erasure(city, leaver.id)[1]
    assert (
        deliver("erase-users-data", said(city, CityDeleted(city_id=city.id, slug=city.tenant.slug))).status
        == 204
    )
    assert {name for name in traces(city, person.id) if name.startswith("users.")} == set()
    assert city.rows("users", "SELECT count(*) FROM erasures") == [[0]]
