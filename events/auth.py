"""What the auth service says: about accounts and roles."""

from typing import ClassVar
from uuid import UUID

from events.base import Event


class UserCreated(Event):
    """Someone has an account in this city now; a guest, who is known by a device alone, has no e-mail address
    yet.
    """

    topic: ClassVar[str] = "user.created"
    user_id: UUID
    email: str
    name: str = ""
    language: str = "de"
    roles: list[str]
    guest: bool = False


class GuestConverted(Event):
    """A guest has become a person with an address; what was theirs stays theirs."""

    topic: ClassVar[str] = "guest.converted"
    user_id: UUID
    email: str
    name: str = ""
    language: str = "de"


class RoleChanged(Event):
    """Someone's roles in this city are these from now on."""

    topic: ClassVar[str] = "role.changed"
    user_id: UUID
    roles: list[str]


class AccountLocked(Event):
    """An administrator has locked an account; all its sessions have ended."""

    topic: ClassVar[str] = "account.locked"
    user_id: UUID


class AccountUnlocked(Event):
    """A locked account is open again."""

    topic: ClassVar[str] = "account.unlocked"
    user_id: UUID


class PasswordChanged(Event):
    """Someone has a new password; `how` is `changed` by themselves or `reset` by a mailed link."""

    topic: ClassVar[str] = "password.changed"
    user_id: UUID
    how: str


class PasswordForgotten(Event):
    """Somebody wants a new password for this address, which may have no account here: that is looked up
    afterwards.
    """

    topic: ClassVar[str] = "password.forgotten"
    email: str


class LoginDoubted(Event):
    """Somebody logs in where others have guessed at the account; `userId`, who is mailed a code, where the
    password was right.
    """

    topic: ClassVar[str] = "login.doubted"
    challenge_id: UUID
    user_id: UUID | None = None


class ImpersonationStarted(Event):
    """A super admin acts in this person's name from now on, for half an hour at most."""

    topic: ClassVar[str] = "impersonation.started"
    impersonation_id: UUID
    user_id: UUID
    impersonator_id: UUID
    reason: str = ""


class ImpersonationStopped(Event):
    """A super admin has stopped acting in this person's name."""

    topic: ClassVar[str] = "impersonation.stopped"
    impersonation_id: UUID
    user_id: UUID
    impersonator_id: UUID
