"""Every error that a person may meet speaks all ten languages, with the same values in it."""

import pytest

from functions.core.listings.get_listing import get_listing
from shared.errors import NotFound, Problem
from shared.i18n import FUNCTIONS, LOCALES, catalogue, texts_of, thing
from shared.kit.languages import LANGUAGES
from tests.i18n.sentences import ISOLATED, RIGHT_TO_LEFT, placeholders, wrong_letters
from tests.support import City
from tooling.registry import ROOT
from tooling.texts import TRANSLATED, gaps, problems, things, wanted

FOLDERS = sorted({text.folder for text in wanted()})


def sentences(language: str) -> dict[str, str]:
    """Every text of one language, wherever it lies, by folder and key; what is awaited is none."""
    return {
        f"{folder.parent.name}: {key}": sentence
        for folder in FOLDERS
        for key, sentence in catalogue(language, folder).items()
        if sentence
    }


def errors(language: str) -> dict[str, str]:
    """Those that are sentences, and not the names of things."""
    return {key: said for key, said in sentences(language).items() if key.isupper() or "_" in key}


def test_every_error_and_every_thing_is_translated_or_said_to_be_awaited() -> None:
    missing = [str(gap) for gap in gaps() if not gap.awaited]
    assert not missing, "./heidi texts says where: write each into its file, or null where it is awaited"


def test_no_text_is_left_over() -> None:
    expected = {(text.folder, text.key) for text in wanted()}
    general = {(LOCALES, name) for name in ("File", "Resource")}
    for language in LANGUAGES:
        found = {(folder, key) for folder in FOLDERS for key in catalogue(language, folder)}
        assert found <= expected | general, language


def test_texts_lie_where_something_says_them_and_nowhere_else() -> None:
    lying = {path.parent for path in (ROOT / "functions").rglob("texts/??.json") if "pwa" not in path.parts}
    assert lying | {LOCALES} == set(FOLDERS)
    for folder in FOLDERS:
        assert {path.stem for path in folder.iterdir()} - {"en"} == set(TRANSLATED), folder
        assert all("_" not in key for key in catalogue("en", folder)), "English sentences stand in the code"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_takes_exactly_the_values_of_the_english_one(language: str) -> None:
    different = {
        text.key: placeholders(said)
        for text in wanted()
        if (said := catalogue(language, text.folder).get(text.key))
        and placeholders(said) != placeholders(text.english)
    }
    assert not different


def test_two_errors_of_one_name_take_the_same_values() -> None:
    taken: dict[str, set[tuple[str, ...]]] = {}
    for problem, code in problems().items():
        taken.setdefault(code, set()).add(tuple(placeholders(problem.message)))
    assert not {code: found for code, found in taken.items() if len(found) > 1}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_is_in_its_language_and_ends_like_one(language: str) -> None:
    english = {problem.message for problem in problems()}
    for code, sentence in errors(language).items():
        assert sentence not in english, code
        assert not wrong_letters(language, sentence), code
        assert sentence == sentence.strip(), code
        assert "  " not in sentence, code
        assert sentence.rstrip("\u2069")[-1] in ".?!؟}", code


@pytest.mark.parametrize("language", RIGHT_TO_LEFT)
def test_a_value_cannot_scramble_a_sentence_that_runs_from_right_to_left(language: str) -> None:
    for code, sentence in errors(language).items():
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
    assert wrong.body["error"]["message"] == catalogue(language, LOCALES).get("VALIDATION_FAILED", english)


def test_whatever_can_be_missing_has_a_name_in_every_language() -> None:
    assert {name for _, name in things()} >= {"Listing", "Profile", "Function"}
    for language in LANGUAGES:
        for name, word in sentences(language).items():
            assert not wrong_letters(language, word), (name, language)
            assert word == word.strip(), (name, language)


def test_what_is_awaited_is_said_in_english_and_called_english(city: City, monkeypatch) -> None:
    monkeypatch.setitem(catalogue("de", LOCALES), "UNAUTHENTICATED", None)
    refused = city.call("create-listing", body={}, headers={"accept-language": "de"})
    assert (refused.body["error"]["message"], refused.headers["Content-Language"]) == ("Please log in.", "en")
    assert (LOCALES, "UNAUTHENTICATED", "de", True) in {
        (gap.text.folder, gap.text.key, gap.language, gap.awaited) for gap in gaps()
    }


def test_a_thing_that_nobody_has_translated_is_named_in_english() -> None:
    assert thing("DefectPhoto", "de") == "Defect photo"
    assert thing("ApiToken", "en", "functions.auth.api_tokens.tables") == "API token"


def test_a_module_says_its_own_texts_and_a_service_its_own() -> None:
    assert texts_of("functions.modules.defects.defect") == FUNCTIONS / "modules" / "defects" / "texts"
    assert texts_of("functions.core.listings.listing") == FUNCTIONS / "core" / "texts"
    assert texts_of("shared.errors") == texts_of("tooling.gateway.functions") == LOCALES


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
    assert missing.body["error"]["message"] == NotFound("Listing", unknown).text("ar", get_listing.__module__)
    assert "غير موجود" in missing.body["error"]["message"]


def test_a_visitor_is_asked_to_log_in_in_their_language(city: City) -> None:
    refused = city.call("create-listing", body={}, headers={"accept-language": "uk-UA"})
    assert (refused.status, refused.headers["Content-Language"]) == (401, "uk")
    assert refused.body["error"]["message"] == "Будь ласка, увійдіть."
