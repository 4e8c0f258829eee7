"""Accounts, sessions and invitations as rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from functions.auth.account import Kind, State
from functions.auth.one_time_tokens import LinkInvalid
from functions.auth.sessions.session import SessionOut
from shared.db.orm import DatedModel, TenantModel
from shared.db.privacy import Personal


class Account(TenantModel):
    """A person in one city: the same person in another city is another account."""

    __tablename__ = "accounts"
    privacy = Personal(
        "id",
        {
            "email": "address",
            "name": "name",
            "language": "language",
            "roles": "roles",
            "password_hash": "bcrypt hash of the password",
        },
        why="to let people in, and nobody in their place (GDPR Art. 6(1)(b))",
        kept="as long as the account, and 30 days",
        on_erasure="delete",
        plain=("state", "kind"),
        hidden=("password_hash",),
    )
    kind: Mapped[str] = mapped_column(default=Kind.PERSON)
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    name: Mapped[str]
    language: Mapped[str]
    profile_at: Mapped[datetime | None]
    roles: Mapped[list[str]]
    state: Mapped[str] = mapped_column(default=State.ACTIVE)
    email_verified_at: Mapped[datetime | None]
    second_factor_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    activity_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def address(self) -> str:
        """Where mails about the account go; empty for a guest, who has no password and no second factor to
        write about.
        """
        return self.email or ""

    def lock(self, at: datetime) -> bool:
        """Lock it; whether it was open. That it is inactive is another matter, and shown first."""
        if self.locked_at:
            return False
        self.locked_at = self.updated_at = at
        self.state = State.LOCKED if self.state == State.ACTIVE else self.state
        return True

    def unlock(self, at: datetime) -> bool:
        """Open it again; whether it was locked."""
        if not self.locked_at:
            return False
        self.locked_at, self.updated_at = None, at
        self.state = State.ACTIVE if self.state == State.LOCKED else self.state
        return True


class Session(TenantModel):
    """One place where a person is logged in (what the ids are for: sessions/queries.py)."""

    __tablename__ = "sessions"
    privacy = Personal(
        "account_id",
        {"user_agent": "program that logged in"},
        why="to stay logged in, and to end it (GDPR Art. 6(1)(b))",
        kept="30 days after it has ended",
        on_erasure="delete",
        hidden=("access_id", "refresh_id", "previous_id"),
    )
    account_id: Mapped[UUID]
    access_id: Mapped[UUID]
    refresh_id: Mapped[UUID]
    previous_id: Mapped[UUID | None]
    rotated_at: Mapped[datetime]
    user_agent: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    def shown_to(self, access_id: str) -> SessionOut:
        """The session as its owner sees it, asking with the session's access tokens or another's."""
        return SessionOut(
            id=self.id,
            current=str(self.access_id) == access_id,
            user_agent=self.user_agent,
            created_at=self.created_at,
            used_at=self.used_at,
            expires_at=self.expires_at,
        )


class Invitation(DatedModel):
    """An invitation; there is at most one open one for an address in a city."""

    __tablename__ = "invitations"
    privacy = Personal(
        "invited_by",
        {"email": "address of the invited", "name": "name of the invited", "language": "language"},
        why="to let the invited in (GDPR Art. 6(1)(b))",
        kept="30 days",
        on_erasure="anonymise",
        plain=("role",),
        hidden=("token_hash",),
        expires="30 days",
    )
    token_hash: Mapped[bytes]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    language: Mapped[str]
    invited_by: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    def accept(self, at: datetime) -> None:
        """Use it up."""
        if self.accepted_at or self.expires_at <= at:
            raise LinkInvalid
        self.accepted_at = self.updated_at = at
