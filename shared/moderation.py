"""Reasoned decisions on what people write (DSA, Regulation (EU) 2022/2065, Art. 16, 17, 20 and 24): one shape
for all modules that decide, and one statement of reasons for whom it concerns, in their language.

A module keeps a `Decision` with its row (`model_dump(mode="json")`), sends the author its `statement` and who
gave notice its `outcome`, lets both object (`check_objection`, `check_reviewer`), and hands in
`transparency_record`. Small platforms need not do most of it; we do it for all.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.errors import Conflict, Problem
from shared.schema import Instant, LanguageTag, Schema, line, text

TEXTS = Path(__file__).parent / "statements.json"
# six months at least (Art. 20(1)), however long they are
OBJECTION = timedelta(days=184)


class NotTheSamePerson(Problem):
    status = 403
    message = "Somebody else than who decided first must decide about an objection."


class ObjectionTooLate(Conflict):
    message = "This could be objected to until {until}."


class ObjectedAlready(Conflict):
    message = "This was objected to already."


class Measure(StrEnum):
    """What is done; `none` where a notice led to nothing."""

    NONE = "none"
    LABEL = "label"
    HIDE = "hide"
    REMOVE = "remove"
    LOCK = "lock"
    WARN = "warn"
    SUSPEND = "suspend"
    EXCLUDE = "exclude"


class Ground(StrEnum):
    """Against what it is: the law, or the terms of use."""

    ILLEGAL = "illegal"
    TERMS = "terms"


class Source(StrEnum):
    """Why somebody looked: a notice (Art. 16), or by themselves."""

    NOTICE = "notice"
    OWN = "own"


class DecisionIn(Schema):
    """What a moderator decides. A measure needs its ground, its law or clause, and why; a suspension its end."""

    measure: Measure
    ground: Ground | None = None
    reference: Annotated[
        str, line(200), Field(description="the law (§ 185 StGB) or the clause of the terms (§ 4 Werbung)")
    ] = ""
    facts: Annotated[str, text(5_000, 20), Field(description="what was found, without names of people")]
    explanation: Annotated[
        str, text(5_000), Field(description="why the facts are against the law or the clause")
    ] = ""
    until: Instant | None = None
    category: Annotated[
        str,
        Field(
            pattern=r"^STATEMENT_CATEGORY_[A-Z_]{3,80}$",
            description="of the EU's transparency database",
        ),
    ] = "STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE"

    @model_validator(mode="after")
    def is_reasoned(self) -> Self:
        """A decision without reasons is none (Art. 17(3)(d), (e))."""
        if self.measure is not Measure.NONE and not (self.ground and self.reference and self.explanation):
            raise ValueError("a measure needs ground, reference and explanation")
        if (self.measure is Measure.SUSPEND) is (self.until is None):
            raise ValueError("a suspension, and nothing else, needs until")
        return self


class Decision(DecisionIn):
    """A decision as it is kept: who, when, about what, found and made by whom or by a machine."""

    id: UUID
    decided_at: datetime
    decided_by: UUID | None = Field(description="null: a machine, or a person who is erased by now")
    source: Source
    automated_detection: bool = False
    automated: bool = False
    content_at: datetime
    content_language: LanguageTag = "de"

    @property
    def objection_until(self) -> date:
        """The last day on which it can be objected to."""
        return (self.decided_at + OBJECTION).date()


class Statement(Schema):
    """A statement of reasons, in the reader's language; the facts as they were written."""

    language: LanguageTag
    sentences: list[str]
    automated: bool
    objection_until: date


def statement(decision: Decision, language: str) -> Statement:
    """For the author: what, why, on which ground, by whom, and what can be done (Art. 17(3)(a) to (f))."""
    keys = [f"measure_{decision.measure}", f"source_{decision.source}", "facts", f"ground_{decision.ground}"]
    if decision.measure is Measure.NONE:
        keys = ["measure_none", "facts"]
    return told(decision, keys, language)


def outcome(decision: Decision, language: str) -> Statement:
    """For who gave notice (Art. 16(5)): what came of it; nothing of the author, nor what was done to them."""
    is_nothing = decision.measure is Measure.NONE
    return told(decision, ["measure_none", "facts"] if is_nothing else ["notice_helped"], language)


def told(decision: Decision, keys: list[str], language: str) -> Statement:
    """These sentences, who decided, and how to object."""
    values = decision.model_dump() | {
        "until": f"{decision.until:%Y-%m-%d %H:%M} UTC" if decision.until else "",
        "objection": decision.objection_until.isoformat(),
    }
    by_machine = ["found_by_machine"] if decision.automated_detection else []
    decider = "decided_by_machine" if decision.automated else "decided_by_person"
    return Statement(
        language=language,
        sentences=[
            sentences()[key][language].format_map(values)
            for key in (*keys, *by_machine, decider, "objection", "redress")
        ],
        automated=decision.automated,
        objection_until=decision.objection_until,
    )


@lru_cache(1)
def sentences() -> dict[str, dict[str, str]]:
    """The sentences of all statements, read once."""
    import orjson

    found: dict[str, dict[str, str]] = orjson.loads(TEXTS.read_bytes())
    return found


def check_objection(decision: Decision, now: datetime, *, is_first: bool) -> None:
    """Whether it can be objected to still, by the author or by who gave notice: once, within six months, free of
    charge (Art. 20).
    """
    if not is_first:
        raise ObjectedAlready
    if now.date() > decision.objection_until:
        raise ObjectionTooLate(until=decision.objection_until.isoformat())


def check_reviewer(decision: Decision, reviewer: UUID) -> None:
    """Who decided first does not decide again; nor does a machine (Art. 20(6)): it has no id to come with."""
    if decision.decided_by == reviewer:
        raise NotTheSamePerson


VISIBILITY = {
    Measure.LABEL: "DECISION_VISIBILITY_CONTENT_LABELLED",
    Measure.HIDE: "DECISION_VISIBILITY_CONTENT_DISABLED",
    Measure.REMOVE: "DECISION_VISIBILITY_CONTENT_REMOVED",
    Measure.LOCK: "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    Measure.WARN: "DECISION_VISIBILITY_OTHER",
}
ACCOUNT = {
    Measure.SUSPEND: "DECISION_ACCOUNT_SUSPENDED",
    Measure.EXCLUDE: "DECISION_ACCOUNT_TERMINATED",
}
GROUND = {
    Ground.ILLEGAL: ("DECISION_GROUND_ILLEGAL_CONTENT", "illegal_content"),
    Ground.TERMS: ("DECISION_GROUND_INCOMPATIBLE_CONTENT", "incompatible_content"),
}


def transparency_record(decision: Decision, content_type: str = "CONTENT_TYPE_TEXT") -> dict[str, Any] | None:
    """A decision as the EU's transparency database takes it (Art. 24(5)); None where nothing was restricted. It
    says nobody's name or id: a moderator writes facts without them.
    """
    if decision.measure is Measure.NONE or decision.ground is None:
        return None
    ground, prefix = GROUND[decision.ground]
    legal = "legal_ground" if decision.ground is Ground.ILLEGAL else "ground"
    found: dict[str, Any] = {
        "puid": str(decision.id),
        "decision_ground": ground,
        f"{prefix}_{legal}": decision.reference,
        f"{prefix}_explanation": decision.explanation,
        "decision_facts": decision.facts,
        "category": decision.category,
        "content_type": [content_type],
        "content_date": decision.content_at.date().isoformat(),
        "content_language": decision.content_language.upper(),
        "application_date": decision.decided_at.date().isoformat(),
        "source_type": "SOURCE_ARTICLE_16" if decision.source is Source.NOTICE else "SOURCE_VOLUNTARY",
        "automated_detection": "Yes" if decision.automated_detection else "No",
        "automated_decision": f"AUTOMATED_DECISION_{'FULLY' if decision.automated else 'NOT_AUTOMATED'}",
    }
    if decision.measure in ACCOUNT:
        found["decision_account"] = ACCOUNT[decision.measure]
    else:
        found["decision_visibility"] = [VISIBILITY[decision.measure]]
    if decision.measure is Measure.WARN:
        found["decision_visibility_other"] = "warning to the author"
    if decision.until:
        found["end_date_account_restriction"] = decision.until.date().isoformat()
    return found
