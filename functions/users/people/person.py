"""A person as administrators see and change them, and what they may not do."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from functions.users.profiles.profile import ProfileOut, State
from shared.errors import Conflict, Problem
from shared.schema import text

Search = Annotated[str, text(200, 1)]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class PersonOut(ProfileOut):
    """As the person sees it, with roles and state; `deletedAt` plus 30 days is when a deleted person is
    erased.
    """

    roles: list[str]
    state: State
    deleted_at: datetime | None
    version: int


class OwnAccount(Conflict):
    message = "This cannot be done to one's own account here. Change your own profile, or ask another administrator."


class RankTooHigh(Problem):
    status = 403
    message = "You cannot change this person: their role stands above yours."


class PersonIsDeleted(Conflict):
    message = "This account was deleted. It can be restored for 30 days, and not changed meanwhile."


class PersonNotDeleted(Conflict):
    message = "This account was not deleted, so there is nothing to restore."


class ErasureBegun(Conflict):
    message = "The 30 days are over: this account is being erased and cannot be restored."
