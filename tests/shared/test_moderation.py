"""Decisions with reasons (DSA Art. 17): what one needs, what whom it concerns reads, and who decides again."""

from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from shared import moderation
from shared.errors import Problem
from shared.kit.languages import LANGUAGES
from shared.moderation import Decision, DecisionIn, Ground, Measure, Source
from tests.i18n.sentences import wrong_letters

NOW = datetime(2026, 8, 31, 12, tzinfo=UTC)
SAID: dict[str, Any] = {
    "measure": "remove",
    "ground": "terms",
    "reference": "§ 4 Werbung",
    "facts": "Fünfmal dieselbe Anzeige in einer Gruppe für Nachbarn.",
    "explanation": "Werbung ist nur in der Gruppe Marktplatz erlaubt.",
}


def decided(**more: Any) -> Decision:
    own = {
        "id": uuid4(),
        "decided_at": NOW,
        "decided_by": uuid4(),
        "source": "notice",
        "content_at": NOW - timedelta(days=2),
    }
    return Decision.model_validate(SAID | own | more)


@pytest.mark.parametrize("missing", ["ground", "reference", "facts", "explanation"])
def test_a_measure_without_a_reason_is_refused(missing: str) -> None:
    DecisionIn.model_validate(SAID)
    with pytest.raises(ValidationError):
        DecisionIn.model_validate({name: value for name, value in SAID.items() if name != missing})


def test_a_suspension_and_nothing_else_has_an_end() -> None:
    for wrong in ({"measure": "suspend"}, {"until": NOW}):
        with pytest.raises(ValidationError):
            DecisionIn.model_validate(SAID | wrong)
    assert "2026-08-31 12:00 UTC" in text(decided(measure="suspend", until=NOW), "en")


def text(decision: Decision, language: str) -> str:
    return "\n".join(moderation.statement(decision, language).sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_says_all_that_article_17_asks_for_in_the_readers_language(language: str) -> None:
    said = moderation.statement(decided(), language)
    known = moderation.sentences()
    assert said.sentences[0] == known["measure_remove"][language]
    assert known["source_notice"][language] in said.sentences
    assert known["decided_by_person"][language] in said.sentences
    whole = "\n".join(said.sentences)
    for fact in (
        "Fünfmal dieselbe Anzeige",
        "§ 4 Werbung",
        "nur in der Gruppe Marktplatz",
        "2027-03-03",
        "21",
    ):
        assert fact in whole
    by_machine = moderation.statement(decided(automated=True, automated_detection=True), language)
    assert by_machine.automated
    for key in ("found_by_machine", "decided_by_machine"):
        assert known[key][language] in by_machine.sentences


def test_who_gave_notice_hears_what_came_of_it_and_nothing_of_the_author() -> None:
    nothing = decided(measure="none", ground=None, reference="", explanation="")
    said = moderation.outcome(nothing, "en").sentences
    assert said[0] == "Your notice was examined; the content stays as it is."
    assert "free of charge" in "".join(said)
    assert moderation.transparency_record(nothing) is None
    acted = "\n".join(moderation.outcome(decided(), "en").sentences)
    assert acted.startswith("Your notice was examined; we have acted.")
    assert "Anzeige" not in acted
    assert "§ 4" not in acted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_with_the_same_values_and_the_languages_own_letters(language: str) -> None:
    for key, texts in moderation.sentences().items():
        names = [
            sorted(name for _, name, _, _ in Formatter().parse(each) if name)
            for each in (texts[language], texts["en"])
        ]
        assert names[0] == names[1], key
        assert wrong_letters(language, texts[language]) == set(), key
    wanted = {f"measure_{each}" for each in Measure} | {f"ground_{each}" for each in Ground}
    assert wanted | {f"source_{each}" for each in Source} <= set(moderation.sentences())


def refused(decision: Decision, now: datetime, *, is_first: bool = True) -> str:
    try:
        moderation.check_objection(decision, now, is_first=is_first)
    except Problem as problem:
        return problem.code
    return ""


def test_it_can_be_objected_to_once_within_six_months_and_somebody_else_decides() -> None:
    decision = decided()
    last = datetime(2027, 3, 3, 23, 59, tzinfo=UTC)  # six months after 31 August are over on 28 February
    assert [refused(decision, when) for when in (last, last + timedelta(minutes=1))] == [
        "",
        "OBJECTION_TOO_LATE",
    ]
    assert refused(decision, NOW, is_first=False) == "OBJECTED_ALREADY"
    assert decision.decided_by
    with pytest.raises(moderation.NotTheSamePerson):
        moderation.check_reviewer(decision, decision.decided_by)
    moderation.check_reviewer(decision, uuid4())


def test_it_can_be_kept_and_handed_in_without_anybodys_id() -> None:
    decision = decided(measure="suspend", until=NOW, ground="illegal", reference="§ 185 StGB")
    assert Decision.model_validate_json(decision.model_dump_json()) == decision
    record = moderation.transparency_record(decision)
    assert record
    assert record == record | {
        "puid": str(decision.id),
        "decision_account": "DECISION_ACCOUNT_SUSPENDED",
        "end_date_account_restriction": "2026-08-31",
        "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
        "illegal_content_legal_ground": "§ 185 StGB",
        "source_type": "SOURCE_ARTICLE_16",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        "content_date": "2026-08-29",
    }
    assert str(decision.decided_by) not in str(record)
    for measure in set(Measure) - {Measure.NONE, Measure.SUSPEND}:
        found = moderation.transparency_record(decided(measure=measure))
        assert found
        assert ("decision_account" in found) is (measure is Measure.EXCLUDE)
        assert ("decision_visibility" in found) is (measure is not Measure.EXCLUDE)
