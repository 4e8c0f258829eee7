"""Guests and their pending conversions as rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from functions.auth.one_time_tokens import LinkInvalid
from shared.db.orm import TenantModel
from shared.db.privacy import Personal


class Guest(TenantModel):
    """The device that a guest's account belongs to; gone once the account has an address."""

    __tablename__ = "guests"
    privacy = Personal(
        "account_id",
        {"device_hash": "hash of the device's own id"},
        why="to know the device again (GDPR Art. 6(1)(b))",
        kept="365 days after the last use",
        on_erasure="delete",
        plain=("platform",),
        hidden=("secret_hash", "device_hash"),
    )
    account_id: Mapped[UUID]
    secret_hash: Mapped[bytes]
    device_hash: Mapped[bytes]
    platform: Mapped[str | None]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]


class Conversion(TenantModel):
    """What a guest wants to be called and reached by, until the address is proven; there is one for a guest
    at most.
    """

    __tablename__ = "conversions"
    privacy = Personal(
        "account_id",
        {
            "email": "address",
            "name": "name",
            "language": "language",
            "password_hash": "bcrypt hash of the password",
        },
        why="to prove that the address is the person's own (GDPR Art. 6(1)(b))",
        kept="2 days",
        on_erasure="delete",
        hidden=("password_hash", "token_hash"),
        expires="2 days",
    )
    account_id: Mapped[UUID]
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str]
    token_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]

    def check(self, at: datetime) -> None:
        """LinkInvalid once its time is over."""
        if self.expires_at <= at:
            raise LinkInvalid
