"""What a city's settings became is in the audit: its facts and looks, not whom it names as a contact."""
from shared.db.migration import shown_too

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """From now on."""
    shown_too("cities", "name", "lat", "lon", "theme", "website", "header_key")
    shown_too("apps", "name", "bundle_id", "origins", "redirects")
