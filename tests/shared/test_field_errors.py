"""What is wrong with a field is said in the reader's language, with a code and the limits for programs."""

import re
from typing import Any, get_args

import pytest
from pydantic_core._pydantic_core import list_all_errors

from shared.field_errors import FieldCode, sentence, sentences
from shared.kit.languages import LANGUAGES
from shared.runtime.invalid_fields import described
from tests.support import Answer, City

PLACEHOLDER = re.compile(r"\{\w+\}")


def errors(answer: Answer) -> list[dict[str, Any]]:
    assert answer.code == "VALIDATION_FAILED", answer.body
    found: list[dict[str, Any]] = answer.body["error"]["details"]["errors"]
    return found


def wrong_listing(city: City, language: str) -> list[dict[str, Any]]:
    body = {
        "title": "ab",
        "contact": {"email": "nobody"},
        "location": {"lat": 91, "lon": 8},
        "language": "xx",
        "strange": 1,
        "tags": [""],
    }
    return errors(city.call("create-listing", "editor", body=body, headers={"accept-language": language}))


def test_every_field_that_is_wrong_is_named_at_once_with_code_limits_and_a_sentence(city: City) -> None:
    found = {each["field"]: each for each in wrong_listing(city, "en")}
    assert {field: (each["code"], each["limits"]) for field, each in found.items()} == {
        "categoryId": ("REQUIRED", {}),
        "title": ("TOO_SHORT", {"minLength": 3}),
        "contact.email": ("NOT_AN_EMAIL", {}),
        "location.lat": ("TOO_LARGE", {"maximum": 90.0}),
        "language": ("UNKNOWN_LANGUAGE", {"oneOf": sorted(LANGUAGES)}),
        "strange": ("UNKNOWN_FIELD", {}),
        "tags.0": ("TOO_SHORT", {"minLength": 1}),
    }
    assert found["title"]["message"] == "This needs at least 3 characters."
    assert all(set(each) == {"field", "code", "limits", "message"} for each in found.values())


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_the_sentences_are_the_readers(city: City, language: str) -> None:
    english = {each["field"]: each["message"] for each in wrong_listing(city, "en")}
    assert not [each for each in wrong_listing(city, language) if each["message"] == english[each["field"]]]


def test_what_is_wrong_in_the_address_and_in_the_body_is_told_together(city: City) -> None:
    answer = city.call(
        "update-category",
        "city_admin",
        path="/api/categories/not-an-id",
        body={"names": None, "position": -1},
    )
    assert {each["field"]: each["code"] for each in errors(answer)} == {
        "categoryId": "NOT_AN_ID",
        "names": "CANNOT_BE_REMOVED",
        "position": "TOO_SMALL",
    }


def test_a_value_that_may_be_read_in_several_ways_is_one_field(city: City) -> None:
    answer = city.call("create-tile", "city_admin", body={"titles": {"de": "Bad"}, "link": "javascript:1"})
    [found] = errors(answer)
    assert (found["field"], found["code"]) == ("link", "NOT_A_WEB_ADDRESS")


def test_what_may_be_chosen_is_listed_for_programs_and_for_people(city: City) -> None:
    [found] = errors(city.call("list-listings", query="status=finished"))
    assert found["limits"]["oneOf"] == ["draft", "pending_approval", "published", "rejected", "archived"]
    assert "pending_approval, published" in found["message"]


def test_every_code_has_its_sentence_in_every_language_with_the_same_gaps() -> None:
    assert set(sentences()) == set(get_args(FieldCode)), (
        "shared/field_errors.json and FieldCode (shared/field_errors.py) name different codes"
    )
    for code, texts in sentences().items():
        assert set(texts) == set(LANGUAGES), f"{code} lacks a language in shared/field_errors.json"
        gaps = {language: sorted(PLACEHOLDER.findall(text)) for language, text in texts.items()}
        assert all(each == gaps["en"] for each in gaps.values()), (code, gaps)
        loose = [
            text
            for text in (texts["ar"], texts["fa"])
            if re.search(r"(?<!\u2068)\{\w+\}|\{\w+\}(?!\u2069)", text)
        ]
        assert not loose, f"{code}: a value could scramble the sentence; put U+2068 and U+2069 around it"


@pytest.mark.parametrize("known", list_all_errors(), ids=lambda known: known["type"])
def test_whatever_pydantic_can_say_has_a_sentence_of_ours(known: Any) -> None:
    code, limits = described(known["type"], known["example_context"] or {})
    assert "–" not in sentence(code, "de", limits), (code, limits)
