"""What became of the city's content is in the audit: what was published, not whom to contact about it."""
from shared.db.migration import shown_too

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """From now on."""
    shown_too("categories", "names", "icon")
    shown_too("tiles", "titles", "descriptions", "link")
    shown_too("listings", "slug", "title", "summary", "description", "address", "lat", "lon", "opening_hours", "tags", "media",
              "source", "outside_boundary")
    shown_too("media", "licence")
