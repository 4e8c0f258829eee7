"""What the auth service says: about accounts and roles."""
from typing import ClassVar
from uuid import UUID

from events.base import Event


class UserCreated(Event):
    """Someone has an account in this city now."""

    topic: ClassVar[str] = "user.created"
    user_id: UUID
    email: str
    name: str = ""
    language: str = "de"
    roles: list[str]


class RoleChanged(Event):
    """Someone's roles in this city are these from now on."""

    topic: ClassVar[str] = "role.changed"
    user_id: UUID
    roles: list[str]
