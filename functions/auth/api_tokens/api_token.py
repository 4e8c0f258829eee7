"""An API token as its owner asks for it and sees it."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.errors import Conflict, Invalid, Problem
from shared.schema import Instant, Line, Schema

LONGEST_LIFE = timedelta(days=365)
MOST = 50
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z_]+:[a-z_]+$", max_length=60)]


class ApiTokenIn(Schema):
    """`scopes` are permissions that one has oneself; `expiresAt` is within a year."""

    name: Line
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=100)]
    expires_at: Instant


class ApiTokenOut(Schema):
    """`usedAt` is right to the minute."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class ApiTokenMade(ApiTokenOut):
    """`token` is shown this once."""

    token: str


class ScopeNotHeld(Problem):
    status = 403
    message = "You cannot give a token the permission {scope}: you do not have it yourself."


class ExpiryOutOfRange(Invalid):
    message = "A token has to end: later than now, and within {days} days."


class TooManyApiTokens(Conflict):
    message = "You have {most} API tokens already. Revoke one that is no longer needed."
