"""A profile as a row; its id is the person's."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from functions.users.profiles.profile import State
from shared.adapters import storage
from shared.auth.rbac import RANK
from shared.db.orm import DatedModel, Version
from shared.db.privacy import Personal

LINK_SECONDS = 60 * 60


class Profile(DatedModel):
    """What a city knows about a person; the roles are a copy of the account's."""

    __tablename__ = "profiles"
    privacy = Personal(
        "id",
        {
            "email": "address",
            "name": "name",
            "salutation": "salutation",
            "first_name": "first name",
            "last_name": "last name",
            "phone": "phone number",
            "photo": "file of the photo",
            "roles": "roles",
            "language": "language",
            "channels": "how to be reached",
            "quiet_from": "when not to be reached",
            "quiet_until": "when to be reached again",
        },
        why="to know whom the city deals with (GDPR Art. 6(1)(b))",
        kept="as long as the account, and 30 days",
        on_erasure="delete",
        plain=("state",),
    )
    email: Mapped[str]
    name: Mapped[str]
    salutation: Mapped[str] = mapped_column(default="")
    first_name: Mapped[str] = mapped_column(default="")
    last_name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    photo: Mapped[str | None]
    photo_bytes: Mapped[int] = mapped_column(default=0)
    language: Mapped[str]
    channels: Mapped[list[str]]
    quiet_from: Mapped[str | None]
    quiet_until: Mapped[str | None]
    roles: Mapped[list[str]]
    roles_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default=State.ACTIVE)
    deleted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    version: Mapped[Version]

    @property
    def photo_url(self) -> str | None:
        """A signed link to the photo, if there is one."""
        return storage.sign_get(self.tenant_id, self.photo, LINK_SECONDS) if self.photo else None

    @property
    def rank(self) -> int:
        """The rank of the highest role."""
        return highest(self.roles)

    def change(self, wanted: dict[str, Any], at: datetime) -> bool:
        """Take over what is given; whether anything is different now."""
        changed = {
            name: value
            for name, value in wanted.items()
            if value is not None and value != getattr(self, name)
        }
        for name, value in changed.items():
            setattr(self, name, value)
        self.updated_at = at if changed else self.updated_at
        return bool(changed)

    def prefer(self, channels: list[Any], quiet: tuple[str | None, str | None], at: datetime) -> bool:
        """Take over how to be reached; whether anything is different now."""
        if (self.channels, (self.quiet_from, self.quiet_until)) == (channels, quiet):
            return False
        self.channels, (self.quiet_from, self.quiet_until), self.updated_at = channels, quiet, at
        return True

    def delete(self, at: datetime) -> bool:
        """End it, for now; whether it had not ended before."""
        if self.state == State.DELETED:
            return False
        self.deleted_at = at
        return self.change({"state": State.DELETED}, at)

    def restore(self, at: datetime) -> None:
        """Take the end back."""
        self.deleted_at = None
        self.change({"state": State.ACTIVE}, at)


def highest(roles: Iterable[str]) -> int:
    """The rank of the highest of these roles; those that nobody knows count for nothing."""
    return max((RANK.get(role, 0) for role in roles), default=0)
