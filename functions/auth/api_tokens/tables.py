"""API tokens as rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class ApiToken(DatedModel):
    """A program's way in, in its owner's name."""

    __tablename__ = "api_tokens"
    privacy = Personal(
        "account_id",
        {"name": "what its owner calls it"},
        why="to let programs in that a person has sent (GDPR Art. 6(1)(b))",
        kept="400 days",
        on_erasure="delete",
        plain=("scopes",),
        hidden=("token_hash",),
        expires="400 days",
    )
    account_id: Mapped[UUID]
    name: Mapped[str]
    scopes: Mapped[list[str]]
    token_hash: Mapped[bytes]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
