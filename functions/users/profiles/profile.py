"""A profile as its owner reads and writes it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.users.profiles.salutations import Salutation
from shared.schema import PHONE, LanguageTag, Line, Schema, line


class State(StrEnum):
    """active ⇄ deactivated; deleted for 30 days, then gone."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


class ProfileOut(Schema):
    """`photoUrl` is a link that works for an hour; guests have no e-mail address."""

    id: UUID
    email: str
    name: str
    salutation: str
    first_name: str
    last_name: str
    phone: str
    photo_url: str | None
    language: str
    created_at: datetime
    updated_at: datetime


class ProfileChange(Schema):
    """What is left out, or null, stays as it is; an empty text takes away what may be missing."""

    name: Line | None = None
    salutation: Salutation | None = None
    first_name: Annotated[str, line(100)] | None = None
    last_name: Annotated[str, line(100)] | None = None
    phone: Annotated[str, line(40), Field(pattern=PHONE)] | None = None
    language: LanguageTag | None = None
