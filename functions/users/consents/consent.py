"""What people can agree to, and what they have said about it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.schema import Page, Schema

Purpose = Literal["cookie", "processing", "marketing", "analytics"]
TextVersion = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]


class Decision(Schema):
    """Yes or no to one purpose; `textVersion` names the text of the question that was answered."""

    granted: bool
    text_version: TextVersion


class ConsentsIn(Schema):
    """What is left out stays as it is."""

    consents: Annotated[dict[Purpose, Decision], Field(min_length=1)]


class ConsentOut(Schema):
    purpose: Purpose
    granted: bool
    text_version: str
    created_at: datetime


class ConsentsOut(Schema):
    """`current` is what counts: a purpose that is not there was never agreed to. `history` is everything,
    newest first.
    """

    current: list[ConsentOut]
    history: Page[ConsentOut]
