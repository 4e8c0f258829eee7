"""Profiles count the versions of what administrators may correct in them."""
from shared.db.migration import versioned

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """All are at their first version."""
    versioned("profiles", "name", "salutation", "first_name", "last_name", "phone", "language")
