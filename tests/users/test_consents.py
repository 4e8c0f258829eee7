"""Consents: given and taken back by the person alone, and never overwritten."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.pg import error_code
from tests.support import Answer, City
from tests.users.people import Known, known


@pytest.fixture
def person(city: City) -> Known:
    return known(city)


def decide(person: Known, granted: bool, purpose: str = "marketing", version: str = "2026-11") -> Answer:  # noqa: FBT001
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
        {"userId": str(person.id), "purpose": "marketing", "granted": True},
        {"userId": str(person.id), "purpose": "marketing", "granted": False},
    ]


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
