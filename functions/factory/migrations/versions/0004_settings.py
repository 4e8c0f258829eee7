"""What an app was configured to be is in the audit."""
from shared.db.migration import shown_too

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From now on."""
    shown_too("app_configs", "config")
