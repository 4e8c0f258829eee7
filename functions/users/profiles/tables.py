"""A profile as a row; its id is the person's."""
from datetime import datetime

from sqlalchemy.orm import Mapped

from functions.users.profiles.profile import ProfileChange
from shared.orm import TenantModel
from shared.privacy import Personal


class Profile(TenantModel):
    """What a person says about themselves in one city."""

    __tablename__ = "profiles"
    privacy = Personal("id", {"email": "address", "name": "name", "language": "language"},
                       why="to know whom the city deals with (GDPR Art. 6(1)(b))",
                       kept="as long as the account, and 30 days", on_erasure="delete")
    email: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    def change(self, wanted: ProfileChange, at: datetime) -> bool:
        """Take over what is given; whether anything is different now."""
        before = (self.name, self.language)
        self.name, self.language = wanted.name or self.name, wanted.language or self.language
        if (self.name, self.language) == before:
            return False
        self.updated_at = at
        return True
