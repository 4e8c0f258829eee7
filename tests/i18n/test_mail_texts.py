"""Every message exists in all ten languages, with the same values, and is readable as it arrives."""

from typing import get_args

import httpx
import pytest
from jinja2 import meta

from functions.auth.account import Role
from functions.notification.templates import TEXTS, environment, render, texts
from shared.kit.languages import LANGUAGES
from tests.adapters.running import ThirdParties
from tests.core.factories import make_listing
from tests.i18n.sentences import ISOLATED, RIGHT_TO_LEFT, wrong_letters
from tests.notification.people import settle_in
from tests.support import City

WRITTEN = "de"
LINK = "https://heidi.example/links/invitation#token=a-b_c"
FORMS = sorted(texts(WRITTEN))
BY_US = [name for name in FORMS if name != "free_text"]
parse = environment(autoescape=True).parse


def names(text: str) -> set[str]:
    """The values that a text wants."""
    return meta.find_undeclared_variables(parse(text))


def values(template: str) -> dict[str, str]:
    """Something for each of them, recognisable, and not all from left to right."""
    wanted = set().union(*(names(text) for text in texts(WRITTEN)[template].values()))
    return {name: f"<{name}> שלום 1-2" for name in wanted} | ({"link": LINK} if "link" in wanted else {})


def test_there_is_one_file_per_language() -> None:
    assert {path.stem for path in TEXTS.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_messages_take_the_same_values(language: str) -> None:
    def shape(of: str) -> dict[str, dict[str, set[str]]]:
        return {
            template: {part: names(text) for part, text in parts.items()}
            for template, parts in texts(of).items()
        }

    assert shape(language) == shape(WRITTEN)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", FORMS)
def test_a_message_says_all_its_values_as_text_and_as_html(template: str, language: str) -> None:
    given = values(template)
    message = render(template, language, given)
    for name, value in given.items():
        assert value in message.subject + message.text, name
    assert "<city>" not in message.html
    assert f'<html lang="{language}" dir="{"rtl" if language in RIGHT_TO_LEFT else "ltr"}">' in message.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", BY_US)
def test_a_message_is_in_its_language_and_greets_and_signs_like_the_others(
    template: str, language: str
) -> None:
    parts = texts(language)[template]
    greeting, *middle, signature = parts["body"].split("\n\n")
    other = texts(language)["invitation"]["body"].split("\n\n")
    assert (greeting, signature) == (other[0], other[-1])
    assert middle
    for text in parts.values():
        assert not wrong_letters(language, text), text
        assert text == text.strip(), text
        assert text not in {texts(of)[template]["body"] for of in LANGUAGES if of != language}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", BY_US)
def test_a_lock_screen_shows_the_message_without_greeting_and_signature(template: str, language: str) -> None:
    message = render(template, language, values(template))
    greeting, signature = message.text.split("\n\n")[0], message.text.split("\n\n")[-1]
    assert not message.gist.startswith(greeting)
    assert not message.gist.endswith(signature)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_invitation_names_the_role_in_words_and_carries_the_link_untouched(language: str) -> None:
    said = {
        role: render("invitation", language, values("invitation") | {"role": role}) for role in get_args(Role)
    }
    words = texts(language)["invitation"]
    for role, message in said.items():
        assert words[f"role_{role}"] in message.text
        assert role not in message.text or words[f"role_{role}"] == role
        assert LINK in message.text.split()
        assert f'href="{LINK}"' in message.html
    assert len({message.text for message in said.values()}) == len(said)


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
@pytest.mark.parametrize("template", BY_US)
def test_a_value_cannot_scramble_a_message_that_runs_from_right_to_left(template: str, language: str) -> None:
    for text in texts(language)[template].values():
        for name in names(text) - {"link"}:
            value = f"{{{{ {name} }}}}"
            assert text.count(value) == text.count(ISOLATED.format(value)), text


@pytest.mark.usefixtures("thirdparty")
def test_an_arabic_author_gets_an_arabic_mail(city: City, thirdparty: ThirdParties) -> None:
    address = settle_in(city, "editor", language="ar")
    listing = make_listing(city, title="Lesecafé 24/7")
    city.call(
        "reject-listing",
        "city_admin",
        path=f"/api/listings/{listing['id']}/reject",
        body={"reason": "Foto fehlt"},
    )
    city.settle()
    inbox = f"{thirdparty.url('inbox')}/api/messages"
    [mail] = httpx.get(inbox, params={"to": address}).json()
    read = httpx.get(f"{inbox}/{mail['id']}").json()
    assert mail["subject"] == f"لم تتم الموافقة على منشوركم: {ISOLATED.format('Lesecafé 24/7')}"
    assert f"السبب: {ISOLATED.format('Foto fehlt')}" in read["text"]
    assert 'lang="ar" dir="rtl"' in read["html"]
