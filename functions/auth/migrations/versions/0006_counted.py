"""Let the relay role count open sessions, of all cities, without seeing whose they are (get-platform-metrics)."""
from shared.db.migration import counted

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Only those that nobody has ended."""
    counted("sessions", "revoked_at", "expires_at", rows="revoked_at IS NULL", index="expires_at")
