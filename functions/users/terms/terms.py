"""Terms of use as a city writes them and as people read and accept them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.errors import Conflict, Invalid, NotFound
from shared.rich_text import RichText
from shared.schema import LanguageTag, Schema

Version = Annotated[int, Field(ge=1, le=1_000_000)]


class NoTerms(NotFound):
    message = "This city has not published any terms of use."


class TermsTextMissing(Invalid):
    message = "The terms need a text in the city's first language, {language}."


class TermsPublishedMeanwhile(Conflict):
    message = "Somebody else has published terms at this moment. Please look at them first."


class TermsOutdated(Conflict):
    message = "These are not the terms in force; the current version is {version}."


class TermsIn(Schema):
    """A text per language; `mandatory` terms must be accepted by everyone before they write again."""

    texts: Annotated[
        dict[LanguageTag, Annotated[RichText, StringConstraints(min_length=1)]], Field(min_length=1)
    ]
    mandatory: bool = True


class PublishedTerms(Schema):
    version: int
    mandatory: bool
    languages: list[str]
    published_at: datetime


class TermsOut(PublishedTerms):
    """One version of the terms, in the language that was asked for, or else in the city's first."""

    language: str
    text: str


class Acceptance(Schema):
    """The version that was read, and in which language."""

    version: Version
    language: LanguageTag | None = None


class TermsStatus(Schema):
    """The version in force, the mandatory one, and what the person has accepted; null and 0 where there is
    none.
    """

    version: int
    mandatory_version: int
    accepted_version: int
    accepted_at: datetime | None
    must_accept: bool
