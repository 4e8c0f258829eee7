"""Preferences: how people want to be reached, how they are addressed."""

import pytest

from functions.users.profiles.salutations import NAMES
from shared.kit.languages import LANGUAGES
from tests.i18n.sentences import wrong_letters
from tests.support import City
from tests.users.people import Known, known

NIGHT = {"from": "22:00", "until": "06:30"}


@pytest.fixture
def person(city: City) -> Known:
    return known(city)


def test_at_first_everything_arrives_at_any_time(person: Known) -> None:
    assert person.call("get-preferences").body == {
        "language": "de",
        "channels": ["email", "push"],
        "quietHours": None,
    }


def test_preferences_are_kept_and_said(city: City, person: Known) -> None:
    wanted = person.call(
        "set-preferences", body={"channels": ["push"], "quietHours": NIGHT, "language": "no"}
    )
    assert (
        wanted.body
        == {"language": "nb", "channels": ["push"], "quietHours": NIGHT}
        == person.call("get-preferences").body
    )
    assert city.events("preferences.changed")[0].data == {
        "userId": str(person.id),
        "channels": ["push"],
        "quietFrom": "22:00",
        "quietUntil": "06:30",
    }
    assert city.events("user.updated")[0].data["language"] == "nb"


def test_what_is_left_out_is_taken_back_but_not_the_language(city: City, person: Known) -> None:
    person.call("set-preferences", body={"channels": ["push"], "quietHours": NIGHT, "language": "da"})
    assert person.call("set-preferences", body={"channels": []}).body == {
        "language": "da",
        "channels": [],
        "quietHours": None,
    }
    assert city.events("preferences.changed")[-1].data == {
        "userId": str(person.id),
        "channels": [],
        "quietFrom": None,
        "quietUntil": None,
    }


def test_no_change_is_not_said(city: City, person: Known) -> None:
    for _ in range(2):
        person.call("set-preferences", body={"channels": ["push", "push", "email"], "language": "de"})
    assert city.events("preferences.changed") == city.events("user.updated") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"channels": ["fax"]},
        {"channels": ["push"] * 3},
        {"channels": [], "language": "tlh"},
        {"channels": [], "quietHours": {"from": "22:00"}},
        {"channels": [], "quietHours": {"from": "24:00", "until": "06:00"}},
        {"channels": [], "quietHours": {"from": "22:00", "until": "22:00"}},
        {"channels": [], "quietHours": {"from": "9:00", "until": "10:00"}},
        {"channels": [], "quietHours": {"from": "22:00\n", "until": "06:00"}},
        {"channels": [], "userId": "x"},
    ],
)
def test_preferences_that_make_no_sense_are_refused(person: Known, body: object) -> None:
    assert person.call("set-preferences", body=body).status == 422


def test_preferences_belong_to_nobody_else(city: City, other_city: City, person: Known) -> None:
    person.call("set-preferences", body={"channels": []})
    for other in (known(city), known(other_city)):
        assert other.call("get-preferences").body["channels"] == ["email", "push"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_salutations_are_there_in_every_language(city: City, language: str) -> None:
    items = city.call("list-salutations", query=f"language={language}").body["items"]
    assert [item["key"] for item in items] == list(NAMES)
    for item in items:
        assert item["name"] == NAMES[item["key"]][language]
        assert not wrong_letters(language, item["name"])
    assert city.call("list-salutations", headers={"accept-language": language}).body["items"] == items


@pytest.mark.parametrize(
    "change",
    [
        {"salutation": "baron"},
        {"phone": "call me"},
        {"phone": "1"},
        {"firstName": "x" * 101},
        {"lastName": "a\x07"},
        {"photo": "x"},
        {"photoUrl": "https://evil.example"},
    ],
)
def test_a_profile_takes_nothing_else(person: Known, change: dict[str, str]) -> None:
    assert person.call("update-my-profile", body=change).status == 422


def test_a_salutation_can_be_taken_back(person: Known) -> None:
    full = {"salutation": "mr", "firstName": "Karl", "lastName": "Lenz", "phone": "06221 / 123-4"}
    assert full.items() <= person.call("update-my-profile", body=full).body.items()
    assert person.call("update-my-profile", body={"salutation": "", "firstName": ""}).body["salutation"] == ""
    assert person.call("get-my-profile").body["lastName"] == "Lenz"
