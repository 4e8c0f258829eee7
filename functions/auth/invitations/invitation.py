"""An invitation as an admin writes it and as the invited person answers it."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from functions.auth.account import Role
from functions.auth.one_time_tokens import LENGTH
from functions.auth.password import Password
from shared.schema import Email, LanguageTag, Line, Schema, line

VALID_FOR = timedelta(days=7)


class InvitationIn(Schema):
    """`language` is that of the mail; the city's first one where it is left out."""

    email: Email
    role: Role
    name: Annotated[str, line(200)] = ""
    language: LanguageTag | None = None


class InvitationOut(Schema):
    id: UUID
    email: str
    name: str
    role: str
    language: str
    expires_at: datetime


class OpenInvitation(InvitationOut):
    """`createdAt`: when somebody was first invited."""

    created_at: datetime


class Acceptance(Schema):
    """`token` is what the mailed link ends with."""

    token: Annotated[str, StringConstraints(max_length=2 * LENGTH)]
    name: Line
    password: Password
    language: LanguageTag | None = None
