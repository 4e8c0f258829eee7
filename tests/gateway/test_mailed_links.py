"""The pages that mails lead to: in ten languages, readable by everyone, and harmless until somebody presses
the button.
"""

import json
import re
from html.parser import HTMLParser

import pytest

from functions.auth.pages.pages import FILES, MAILED
from shared.kit.languages import LANGUAGES
from tests.gateway.support import Running
from tests.i18n.sentences import RIGHT_TO_LEFT, wrong_letters
from tests.support import Answer, call, function
from tooling.registry import records

CALLS = {
    "invitation": "accept-invitation",
    "verify-email": "verify-email",
    "reset-password": "reset-password",
    "confirm-guest": "confirm-guest",
}


def page(path: str) -> Answer:
    return call("get-mailed-page", path=path)


def text(path: str) -> str:
    return page(path).raw.decode()


class Elements(HTMLParser):
    """A page's elements with their attributes and texts."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text(f"/links/{name}"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found and not self.found[-1][2]:
            tag, attributes, _ = self.found[-1]
            self.found[-1] = (tag, attributes, data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.found if name == tag]


TEXTS: dict[str, dict[str, str]] = json.loads(FILES["texts.json"].read_text("utf-8"))


@pytest.mark.parametrize("name", MAILED)
def test_a_page_needs_nothing_from_other_hosts_and_leaves_no_trace_of_the_link(name: str) -> None:
    found = page(f"/links/{name}")
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]
    assert found.headers["Referrer-Policy"] == "no-referrer"
    for tag in ("script", "link"):
        [own] = Elements(name).all(tag)
        assert page(own.get("src") or own.get("href") or "").status == 200
    assert not re.search(
        r"<script(?! src)| on\w+=|style=|//", text(f"/links/{name}").replace("<!doctype", "")
    )


@pytest.mark.parametrize("name", MAILED)
def test_a_page_calls_its_function_with_what_that_takes(name: str) -> None:
    [form] = Elements(name).all("form")
    record = records()[CALLS[name]]
    assert (form["data-calls"], record.method) == (record.path, "POST")
    body = function(record.name).binding
    fields = {"token"} | {str(field["name"]) for field in Elements(name).all("input")}
    [wanted] = [hint for key, hint in record.handler.__annotations__.items() if key == body.body_name]
    assert {key for key, field in wanted.model_fields.items() if field.is_required()} == fields


@pytest.mark.parametrize("name", MAILED)
def test_a_page_can_be_read_aloud(name: str) -> None:
    elements = Elements(name)
    assert {field["id"] for field in elements.all("input")} == {
        label["for"] for label in elements.all("label")
    }
    assert [element["id"] for _, element, _ in elements.found if element.get("role") == "status"] == [
        "outcome"
    ]
    assert len(elements.all("h1")) == len(elements.all("main")) == 1


@pytest.mark.parametrize("name", MAILED)
def test_what_a_page_says_before_its_script_runs_is_the_german_of_the_texts(name: str) -> None:
    said = {
        str(attributes["data-text"]): words
        for _, attributes, words in Elements(name).found
        if "data-text" in attributes
    }
    assert said
    assert said == {key: TEXTS["de"][key] for key in said}
    [form] = Elements(name).all("form")
    assert form["data-done"] in TEXTS["de"]


def test_there_is_every_text_in_every_language() -> None:
    assert set(TEXTS) == set(LANGUAGES)
    assert {frozenset(words) for words in TEXTS.values()} == {frozenset(TEXTS["de"])}
    used = set(re.findall(r"words\.(\w+)", text("/links/page.js")))
    assert used <= set(TEXTS["de"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_are_in_their_language(language: str) -> None:
    words = dict(TEXTS[language])
    assert words.pop("direction") == ("rtl" if language in RIGHT_TO_LEFT else "ltr")
    for key, sentence in words.items():
        assert sentence == sentence.strip() != "", key
        assert not wrong_letters(language, sentence), key


def test_the_token_is_sent_when_the_button_is_pressed_and_not_before() -> None:
    before, _, pressed = text("/links/page.js").partition('addEventListener("submit"')
    assert re.findall(r"fetch\(([^)]*)\)", before) == ['"/links/texts.json"']
    assert "fetch(form.dataset.calls" in pressed


@pytest.mark.parametrize(
    "appended", ["x=1", "utm_source=mail&utm_campaign=Fr%FChling", "name=nothing", "%00"]
)
@pytest.mark.parametrize("name", ["invitation", "page.js"])
def test_what_a_mail_system_appends_to_a_link_means_nothing(
    gateway: Running, name: str, appended: str
) -> None:
    assert gateway.get(f"/links/{name}?{appended}").content == gateway.get(f"/links/{name}").content


def test_browsers_take_nothing_for_what_it_does_not_say_it_is_whichever_way_they_came(
    gateway: Running,
) -> None:
    for path in (
        *(f"/links/{name}" for name in (*MAILED, "page.js", "texts.json", "style.css", "nothing")),
        "/api/listings",
        "/api/nothing",
    ):
        assert gateway.get(path).headers.get_list("x-content-type-options") == ["nosniff"], path
