"""Categories and tiles count their versions."""
from shared.db.migration import versioned

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """All are at their first version."""
    versioned("categories", "names", "icon", "position", "parent_id")
    versioned("tiles", "titles", "descriptions", "icon", "link", "media_id", "publish_at", "expire_at")
