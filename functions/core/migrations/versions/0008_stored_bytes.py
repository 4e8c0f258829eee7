"""What a city stores here is known to the other services, which count it to the same quota."""
from shared.db.migration import storage_told

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """From now on."""
    storage_told()
