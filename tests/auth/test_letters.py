"""Every mail that this service asks for can be written, in every language, with what it is asked with."""

import pytest

from functions.notification.templates import render
from shared.kit.languages import LANGUAGES
from tests.auth.people import forget, join, letters, link_in, link_token, register, reset
from tests.support import City

TEMPLATES = {
    "invitation",
    "verify_email",
    "already_registered",
    "reset_password",
    "password_changed",
    "account_locked",
}


@pytest.fixture
def eventful(city: City) -> City:
    person = join(city)
    register(city, "new@example.org")
    register(city, person.email)
    forget(city, person.email)
    reset(link_token(city))
    for reason in ({"reason": "Missbrauch"}, {}):
        city.call("lock-account", "city_admin", path=f"/api/auth/users/{person.id}/lock", body=reason)
        city.call("unlock-account", "city_admin", path=f"/api/auth/users/{person.id}/unlock")
    return city


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_can_be_written(eventful: City, language: str) -> None:
    assert {template for template, _ in letters(eventful)} == TEMPLATES
    for event in eventful.events("notification.requested"):
        message = render(event.data["template"], language, event.data["values"] | {"link": link_in(event)})
        assert eventful.tenant.name in message.text
        assert link_in(event) in message.text
        assert "\n\n\n" not in message.text


def test_a_reason_is_given_only_where_there_is_one(eventful: City) -> None:
    with_reason, without = [
        render("account_locked", "de", event.data["values"]).text
        for event in eventful.events("notification.requested")
        if event.data["template"] == "account_locked"
    ]
    assert "Begründung: Missbrauch" in with_reason
    assert "Begründung" not in without


def test_a_link_says_in_which_language_its_page_is_to_greet(eventful: City) -> None:
    links = [link for event in eventful.events("notification.requested") if (link := link_in(event))]
    assert [link.partition("&language=")[2] for link in links] == ["de"] * 3


def test_a_stranger_has_no_more_mails_however_many_cities_there_are(city: City, other_city: City) -> None:
    for where in (city, other_city):
        for _ in range(8):
            register(where, "stranger@example.org")
    assert len(letters(city)) + len(letters(other_city)) == 5
