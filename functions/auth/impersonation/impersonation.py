"""An impersonation as a super admin asks for it, and as the city's admins see it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from functions.auth.sessions.session import Person
from shared.errors import Conflict
from shared.schema import Schema, text

SECONDS = 1800


class ImpersonationIn(Schema):
    """`reason` is shown to the city's admins."""

    user_id: UUID
    reason: Annotated[str, text(500, 3)]


class ImpersonationStartedOut(Schema):
    """A token that carries both identities; there is none to refresh it with. `expiresIn` is in seconds."""

    impersonation_id: UUID
    access_token: str
    expires_in: int
    user: Person


class ImpersonationOut(Schema):
    id: UUID
    user_id: UUID
    impersonator_id: UUID
    reason: str
    started_at: datetime
    ends_at: datetime
    stopped_at: datetime | None


class NotImpersonable(Conflict):
    message = "Nobody acts in this person's name: it is your own account, a super admin's, or one that is not active."


class NotImpersonating(Conflict):
    message = "You act in nobody's name; there is nothing to stop."
