"""Cities count the versions of what is edited in them."""
from shared.db.migration import versioned

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """All are at their first version."""
    versioned(
        "cities", "name", "state", "population", "lat", "lon", "time_zone", "languages", "features", "theme", "contact", "website",
        "second_factor",
    )
