"""Consents: given and taken back by the person alone, and never overwritten."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

import pytest

from events.users import ConsentChanged
from shared.db.pg import error_code
from shared.kit.settings import settings
from tests.support import Answer, City, superuser
from tests.users.people import Known, known


@pytest.fixture
def person(city: City) -> Known:
    return known(city)


def decide(person: Known, granted: bool, purpose: str = "marketing", version: str = "2026-11") -> Answer:
    return person.call(
        "set-consents", body={"consents": {purpose: {"granted": granted, "textVersion": version}}}
    )


def test_nobody_has_consented_to_anything_before_they_have_said_so(person: Known) -> None:
    assert person.call("get-consents").body == {
        "current": [],
        "history": {"items": [], "nextCursor": None, "total": None},
    }


def test_the_newest_decision_counts_and_the_earlier_ones_stay(city: City, person: Known) -> None:
    for granted in (True, False, True):
        assert decide(person, granted).status == 200
    decide(person, False, "cookie")
    seen = person.call("get-consents").body
    assert [(c["purpose"], c["granted"]) for c in seen["current"]] == [("cookie", False), ("marketing", True)]
    assert [(c["purpose"], c["granted"]) for c in seen["history"]["items"]] == [
        ("cookie", False),
        ("marketing", True),
        ("marketing", False),
        ("marketing", True),
    ]
    assert [e.data for e in city.events("consent.changed")][:2] == [
        {"userId": str(person.id), "purpose": "marketing", "granted": granted, "decidedAt": at}
        for granted, at in zip(
            (True, False), (e.data["decidedAt"] for e in city.events("consent.changed")), strict=False
        )
    ]


def test_each_decision_is_later_than_the_one_before_even_by_a_clock_that_went_back(
    city: City, person: Known
) -> None:
    decide(person, True)
    city.rows(
        "users",
        "INSERT INTO consent_entries (id, tenant_id, user_id, purpose, granted, text_version, created_at)"
        " VALUES (:id, :tenant, :user, 'marketing', true, '2026-12', now() + interval '1 hour') RETURNING 1",
        id=uuid4(),
        tenant=city.id,
        user=person.id,
    )
    [[before]] = city.rows("users", "SELECT max(created_at) FROM consent_entries")
    decide(person, False)
    [*_, said] = city.events("consent.changed")
    [newest, *_] = person.call("get-consents").body["current"]
    assert (
        datetime.fromisoformat(said.data["decidedAt"]) == datetime.fromisoformat(newest["createdAt"]) > before
    )
    assert newest["granted"] is False


def test_what_was_decided_before_anybody_listened_is_said_again(city: City, other_city: City) -> None:
    people = [known(city), known(other_city)]
    for person, decisions in zip(people, ((True, False), (False, True)), strict=True):
        for granted in decisions:
            decide(person, granted)
        person.city.rows("users", "DELETE FROM outbox RETURNING 1")
    with superuser(settings().postgres_database_prefix + "users") as connection:
        connection.run(importlib.import_module("functions.users.migrations.versions.0005_consents").SAY_AGAIN)
    for person, granted in zip(people, (False, True), strict=True):
        [event] = person.city.events("consent.changed")
        read = ConsentChanged.model_validate(event.data)
        [[newest]] = person.city.rows("users", "SELECT max(created_at) FROM consent_entries")
        assert read == ConsentChanged(
            user_id=person.id, purpose="marketing", granted=granted, decided_at=newest
        )


def test_the_history_comes_in_pages(person: Known) -> None:
    for number in range(5):
        decide(person, number % 2 == 0)
    first = person.call("get-consents", query="limit=3").body["history"]
    second = person.call("get-consents", query=f"limit=3&cursor={first['nextCursor']}").body["history"]
    assert [c["granted"] for c in first["items"] + second["items"]] == [True, False, True, False, True]
    assert second["nextCursor"] is None


def test_saying_the_same_again_is_no_news_but_a_new_question_is(city: City, person: Known) -> None:
    for _ in range(2):
        decide(person, True)
    decide(person, True, version="2027-01")
    assert [
        row[0] for row in city.rows("users", "SELECT text_version FROM consent_entries ORDER BY created_at")
    ] == ["2026-11", "2027-01"]
    assert len(city.events("consent.changed")) == 2


def test_the_same_decision_at_the_same_time_is_noted_once(city: City, person: Known) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert {answer.status for answer in pool.map(lambda _: decide(person, True), range(8))} == {200}
    assert city.rows("users", "SELECT count(*) FROM consent_entries") == [[1]]


def test_what_was_said_cannot_be_changed_afterwards(city: City, person: Known) -> None:
    decide(person, False)
    work = city.sql("users")
    with pytest.raises(Exception, match="permission denied") as refused:
        work.run("UPDATE consent_entries SET granted = true")
    work.rollback()
    assert error_code(refused.value) == "42501"


def test_nobody_consents_in_anothers_name(person: Known) -> None:
    refused = person.call(
        "set-consents",
        token=person.token(act={"sub": str(uuid4())}),
        body={"consents": {"marketing": {"granted": True, "textVersion": "1"}}},
    )
    assert refused.code == "IN_PERSON_ONLY"


def test_consents_are_seen_by_nobody_else(city: City, other_city: City, person: Known) -> None:
    decide(person, True)
    for other in (known(city), known(other_city)):
        assert other.call("get-consents").body["current"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"consents": {}},
        {"consents": {"selling": {"granted": True, "textVersion": "1"}}},
        {"consents": {"marketing": {"granted": True}}},
        {"consents": {"marketing": {"granted": "perhaps", "textVersion": "1"}}},
        {"consents": {"marketing": True}},
        {"consents": {"marketing": {"granted": True, "textVersion": "a b"}}},
        {"consents": {"marketing": {"granted": True, "textVersion": "1"}}, "userId": str(uuid4())},
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(person: Known, body: object) -> None:
    assert person.call("set-consents", body=body).status == 422
    assert person.call("get-consents").body["current"] == []
