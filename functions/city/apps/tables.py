"""A registered client app as a row, with the rules of its secrets."""

import hmac
from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Impersonal

GRACE = timedelta(hours=24)


class App(DatedModel):
    """An app that may speak to the city's API in its own name; of its secrets there are only hashes."""

    __tablename__ = "apps"
    privacy = Impersonal(
        "the city's client apps and the hashes of their secrets", hidden=("secret_hash", "previous_hash")
    )
    name: Mapped[str]
    platform: Mapped[str]
    bundle_id: Mapped[str | None]
    origins: Mapped[list[str]]
    redirects: Mapped[list[str]]
    secret_hash: Mapped[bytes]
    previous_hash: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    def rotate(self, secret_hash: bytes, *, at: datetime) -> None:
        """Take a new secret; the one until now stays good for a while, so that no installation is locked out."""
        self.previous_hash, self.previous_until = self.secret_hash, at + GRACE
        self.secret_hash, self.rotated_at = secret_hash, at

    def revoke(self, *, at: datetime) -> None:
        """End it, with all its secrets; for good."""
        self.revoked_at = self.revoked_at or at

    def knows(self, secret_hash: bytes, *, at: datetime) -> bool:
        """Whether this is a secret of the app that is good now."""
        earlier = self.previous_hash if self.previous_until and at < self.previous_until else None
        good = [kept for kept in (self.secret_hash, earlier) if kept]
        return self.revoked_at is None and any(hmac.compare_digest(secret_hash, kept) for kept in good)
