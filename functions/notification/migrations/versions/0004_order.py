"""When what is known of people and devices was said: an older event may arrive after a newer one."""
from alembic import op

from shared.db.migration import expires

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the times. A removed device leaves a row without its token for a week, so that no older event brings it back."""
    op.execute("""ALTER TABLE recipients ADD roles_at timestamptz, ADD profile_at timestamptz, ADD wishes_at timestamptz,
     ADD activity_at timestamptz, ADD active boolean NOT NULL DEFAULT true""")
    op.execute("ALTER TABLE devices ADD said_at timestamptz, ADD removed_at timestamptz")
    expires("devices", "7 days", "removed_at")
