"""Terms of use: published in versions, accepted by everyone themselves, and in the way of writing until then."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from shared.auth.rbac import MATRIX
from shared.errors import TermsNotAccepted
from shared.kit.settings import settings
from shared.runtime import terms_gate
from shared.tenancy.tenants import PLATFORM
from tests.core.factories import make_category
from tests.support import Answer, City, call
from tests.users.people import Known, known

TEXTS = {"de": "<p>Seien Sie freundlich.</p>", "en": "<p>Be kind.</p>"}


@pytest.fixture
def bound() -> Iterator[City]:
    """A city whose directory entry says that version 1 is mandatory."""
    with City.known("mannheim", terms=1) as city:
        yield city


@pytest.fixture
def citizen(bound: City) -> Known:
    return known(bound, "editor")


def publish(
    city: City, role: str = "super_city_admin", texts: dict[str, str] | None = None, **fields: Any
) -> Answer:
    return city.call("publish-terms", role, body={"texts": texts or TEXTS} | fields)


def accept(person: Known, version: int, **fields: Any) -> Answer:
    return person.call("accept-terms", body={"version": version} | fields)


def write(person: Known) -> Answer:
    return person.call(
        "create-listing", body={"title": "Lesecafé", "categoryId": str(make_category(person.city))}
    )


def test_terms_are_published_in_versions_and_the_newest_is_read_in_ones_language(city: City) -> None:
    assert city.call("get-terms").code == "NO_TERMS"
    assert publish(city).body["version"] == 1
    made = publish(city, texts={"de": "<p>Neu.</p>", "en": "<p>New.</p>"}, mandatory=False)
    assert (made.status, made.body["version"], made.body["languages"]) == (201, 2, ["de", "en"])
    assert city.call("get-terms", query="language=en").body["text"] == "<p>New.</p>"
    assert city.call("get-terms", headers={"accept-language": "en"}).body["language"] == "en"
    fallback = city.call("get-terms", query="language=tr").body
    assert (fallback["language"], fallback["text"], fallback["version"]) == ("de", "<p>Neu.</p>", 2)
    assert [e.data for e in city.events("terms.published")] == [
        {"termsVersion": 1, "mandatory": True},
        {"termsVersion": 2, "mandatory": False},
    ]


def test_an_earlier_version_can_be_read_by_whoever_has_accepted_it(city: City) -> None:
    publish(city)
    publish(city, texts={"de": "<p>Neu.</p>"})
    first = city.call("get-terms", query="version=1&language=en").body
    assert (first["version"], first["text"]) == (1, "<p>Be kind.</p>")
    assert city.call("get-terms").body["version"] == 2
    assert city.call("get-terms", query="version=3").code == "NO_TERMS"
    assert city.call("get-terms", query="version=0").status == 422


def test_a_text_in_the_citys_first_language_is_needed(city: City) -> None:
    refused = publish(city, texts={"en": "<p>Be kind.</p>"})
    assert (refused.status, refused.code) == (422, "TERMS_TEXT_MISSING")
    for nothing in ("", "  ", "<script>alert(1)</script>"):
        assert publish(city, texts={"de": nothing}).status == 422
    assert publish(city, texts={"de": "x", "tlh": "nuqneH"}).status == 422


def test_terms_hold_nothing_that_runs(city: City) -> None:
    publish(
        city,
        texts={"de": '<p onclick="x()">Hallo</p><script>alert(1)</script><a href="javascript:x()">hier</a>'},
    )
    text = city.call("get-terms").body["text"]
    assert text == '<p>Hallo</p><a rel="noopener noreferrer nofollow">hier</a>'


def test_only_who_runs_the_city_publishes(city: City) -> None:
    for role in MATRIX:
        expected = {"super_admin": 201, "super_city_admin": 201, "anonymous": 401}.get(role, 403)
        assert publish(city, "" if role == "anonymous" else role).status == expected, role


def test_two_who_publish_at_once_do_not_hide_each_others_version(city: City) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: publish(city), range(8)))
    made = [answer.body["version"] for answer in answers if answer.status == 201]
    assert sorted(made) == list(range(1, len(made) + 1))
    assert {answer.code for answer in answers if answer.status != 201} <= {"TERMS_PUBLISHED_MEANWHILE"}
    assert len(city.events("terms.published")) == len(made)


def test_whoever_has_not_accepted_reads_but_does_not_write_until_they_have(
    bound: City, citizen: Known
) -> None:
    publish(bound)
    refused = write(citizen)
    assert (refused.status, refused.code) == (403, "TERMS_NOT_ACCEPTED")
    assert citizen.call("get-my-profile").status == 200
    accepted = accept(citizen, 1)
    assert accepted.status == 200, accepted.body
    assert (accepted.body["acceptedVersion"], accepted.body["mustAccept"]) == (1, False)
    assert write(citizen).status == 201
    assert bound.events("terms.accepted")[0].data == {"userId": str(citizen.id), "termsVersion": 1}


def test_what_the_law_grants_does_not_wait_for_an_acceptance(bound: City, citizen: Known) -> None:
    publish(bound)
    assert (
        citizen.call(
            "set-consents", body={"consents": {"marketing": {"granted": False, "textVersion": "1"}}}
        ).status
        == 200
    )
    assert citizen.call("set-preferences", body={"channels": []}).status == 200
    assert citizen.call("update-my-profile", body={"name": "Ada Neu"}).status == 200
    assert citizen.call("remove-profile-photo").status == 204
    assert citizen.call("export-my-data").status == 202
    assert (
        citizen.call("register-device", body={"deviceId": "d", "platform": "fcm", "token": "x" * 9}).code
        == "TERMS_NOT_ACCEPTED"
    )
    assert citizen.call("delete-my-account").status == 204


def test_a_newer_mandatory_version_must_be_accepted_anew(city: City) -> None:
    person = known(city, "editor")
    publish(city)
    accept(person, 1)
    publish(city)
    status = person.call("get-terms-status").body
    assert (
        status["version"],
        status["mandatoryVersion"],
        status["acceptedVersion"],
        status["mustAccept"],
    ) == (2, 2, 1, True)
    bound = city.tenant.model_copy(update={"terms": 2})
    with pytest.raises(TermsNotAccepted):
        terms_gate.refuse_unaccepted(bound, person_of(person))
    accept(person, 2)
    terms_gate.refuse_unaccepted(bound, person_of(person))


def person_of(person: Known) -> Any:
    from shared.auth import tokens

    return tokens.principal(person.token())


def test_a_newer_version_that_is_not_mandatory_changes_nothing(city: City) -> None:
    person = known(city)
    publish(city)
    accept(person, 1)
    publish(city, mandatory=False)
    status = person.call("get-terms-status").body
    assert (status["version"], status["mandatoryVersion"], status["mustAccept"]) == (2, 1, False)
    assert accept(person, 2).body["acceptedVersion"] == 2


def test_only_what_is_in_force_can_be_accepted(city: City) -> None:
    person = known(city)
    assert accept(person, 1).code == "NO_TERMS"
    publish(city)
    publish(city)
    for version in (1, 3):
        refused = accept(person, version)
        assert (refused.status, refused.code, refused.body["error"]["details"]) == (
            409,
            "TERMS_OUTDATED",
            {"version": 2},
        )
    assert city.events("terms.accepted") == []


def test_accepting_twice_is_noted_once_with_the_language_that_was_read(city: City) -> None:
    person = known(city)
    publish(city)
    for _ in range(2):
        assert accept(person, 1, language="en").status == 200
    assert city.rows("users", "SELECT version, language FROM terms_acceptances") == [[1, "en"]]
    assert len(city.events("terms.accepted")) == 1


def test_nobody_accepts_in_anothers_name(city: City) -> None:
    person = known(city)
    publish(city)
    assert (
        person.call("accept-terms", token=person.token(act={"sub": str(uuid4())}), body={"version": 1}).code
        == "IN_PERSON_ONLY"
    )


def test_another_citys_terms_are_another_matter(city: City, other_city: City) -> None:
    publish(city)
    assert other_city.call("get-terms").code == "NO_TERMS"
    assert accept(known(other_city), 1).code == "NO_TERMS"


def test_what_somebody_has_accepted_is_told_to_the_platform_alone(city: City, other_city: City) -> None:
    person = known(city)
    publish(city)
    accept(person, 1)
    broker = settings().broker_token.get_secret_value()
    path = f"/api/users/{person.id}/terms/accepted"
    for where, number in ((city, 1), (other_city, 0)):
        assert call("get-accepted-terms", path=path, query=f"tenant={where.id}", token=broker).body == number
    for token in (
        "",
        "guess",
        person.token(),
        city.token("super_admin"),
        City(PLATFORM).token("super_admin"),
    ):
        assert call("get-accepted-terms", path=path, query=f"tenant={city.id}", token=token).status == 401
