"""Let the relay role count builds, of all cities, without seeing whose they are (get-platform-metrics)."""
from shared.db.migration import counted

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Only those that are under way or have ended within a day."""
    counted("builds", "platform", "status", "created_at", "finished_at",
            rows="finished_at IS NULL OR finished_at > now() - interval '24 hours'", index="finished_at")
