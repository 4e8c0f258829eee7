"""Every error that a person may meet speaks all ten languages, with the same values in it."""

import ast

import pytest

from shared.errors import NotFound, Problem
from shared.i18n import LOCALES, catalogue, things
from shared.kit.languages import LANGUAGES
from tests.i18n.sentences import (
    ISOLATED,
    RIGHT_TO_LEFT,
    ROOMS,
    TRANSLATED,
    placeholders,
    problems,
    wrong_letters,
)
from tests.support import City
from tooling.registry import ROOT


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_error_has_a_sentence(language: str) -> None:
    missing = {
        code: problem.message for problem, code in problems().items() if code not in catalogue(language)
    }
    assert not missing, f"{language}.json lacks {len(missing)}: {missing}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_is_left_over(language: str) -> None:
    assert set(catalogue(language)) <= set(problems().values())


def test_english_is_written_in_the_code_and_nowhere_else() -> None:
    assert {path.stem for path in LOCALES.iterdir()} == set(TRANSLATED)
    assert catalogue("en") == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_takes_exactly_the_values_of_the_english_one(language: str) -> None:
    texts = catalogue(language)
    different = {
        code: placeholders(texts[code])
        for problem, code in problems().items()
        if code in texts and placeholders(texts[code]) != placeholders(problem.message)
    }
    assert not different


def test_two_errors_of_one_name_take_the_same_values() -> None:
    taken: dict[str, set[tuple[str, ...]]] = {}
    for problem, code in problems().items():
        taken.setdefault(code, set()).add(tuple(placeholders(problem.message)))
    assert not {code: found for code, found in taken.items() if len(found) > 1}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_is_in_its_language_and_ends_like_one(language: str) -> None:
    english = {code: problem.message for problem, code in problems().items()}
    for code, sentence in catalogue(language).items():
        assert sentence != english.get(code), code
        assert not wrong_letters(language, sentence), code
        assert sentence == sentence.strip(), code
        assert "  " not in sentence, code
        assert sentence.rstrip("\u2069")[-1] in ".?!؟}", code


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_a_value_cannot_scramble_a_sentence_that_runs_from_right_to_left(language: str) -> None:
    for code, sentence in catalogue(language).items():
        for name in placeholders(sentence):
            assert ISOLATED.format(f"{{{name}}}") in sentence, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_can_be_said_with_and_without_its_details(language: str) -> None:
    for problem in problems():
        said = Problem.__new__(problem)
        said.details = {name: f"«{name}»" for name in placeholders(problem.message)}
        assert all(value in said.text(language) for value in said.details.values()), problem
        said.details = {}
        assert "{" not in said.text(language), problem


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_is_answered_in_the_language_that_it_asks_for(city: City, language: str) -> None:
    wrong = city.call("list-listings", query="limit=0", headers={"accept-language": f"{language};q=0.9, xx"})
    assert wrong.code == "VALIDATION_FAILED"
    assert wrong.headers["Content-Language"] == language
    english = "Some fields are not valid; the details name them."
    assert wrong.body["error"]["message"] == catalogue(language).get("VALIDATION_FAILED", english)


def missing_things() -> set[str]:
    """The names of whatever the code can say is missing: of `NotFound("Listing", …)`, and of what
    `get_or_404` looks up.
    """
    found = set()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called, first = getattr(node.func, "id", getattr(node.func, "attr", "")), node.args[0]
                if called == "NotFound" and isinstance(first, ast.Constant):
                    found.add(str(first.value))
                elif called == "get_or_404" and isinstance(first, ast.Name):
                    found.add(first.id)
    return found


def test_whatever_can_be_missing_has_a_name_in_every_language() -> None:
    names = missing_things()
    assert names >= {"Listing", "Profile", "Function"}
    assert names - things().keys() == set()
    for name, called in things().items():
        assert called.keys() == set(LANGUAGES), name
        for language, word in called.items():
            assert not wrong_letters(language, word), (name, language)
            assert word == word.strip() != "", (name, language)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Nicht gefunden: Funktion mit der ID „x“."),
        ("tr", "Bulunamadı: işlev, kimlik “x”."),
        ("en", "Function with ID 'x' was not found."),
    ],
)
def test_what_is_missing_is_named_in_the_readers_language(language: str, sentence: str) -> None:
    assert NotFound("Function", "x").text(language) == sentence


def test_an_arabic_reader_is_told_in_arabic_what_was_not_found(city: City) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    missing = city.call("get-listing", path=f"/api/listings/{unknown}", headers={"accept-language": "ar"})
    assert (missing.status, missing.code, missing.headers["Content-Language"]) == (
        404,
        "LISTING_NOT_FOUND",
        "ar",
    )
    assert missing.body["error"]["message"] == NotFound("Listing", unknown).text("ar")
    assert "غير موجود" in missing.body["error"]["message"]


def test_a_visitor_is_asked_to_log_in_in_their_language(city: City) -> None:
    refused = city.call("create-listing", body={}, headers={"accept-language": "uk-UA"})
    assert (refused.status, refused.headers["Content-Language"]) == (401, "uk")
    assert refused.body["error"]["message"] == "Будь ласка, увійдіть."
