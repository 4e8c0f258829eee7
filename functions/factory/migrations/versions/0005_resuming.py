"""When somebody looks what became of a build, and how often it was begun again."""
from alembic import op

from shared.db.migration import RELAY, shown_too

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Builds under way are looked at once; the relay role may see of which cities, and nothing of what is built."""
    op.execute("ALTER TABLE builds ADD due_at timestamptz, ADD tries integer NOT NULL DEFAULT 0")
    op.execute("UPDATE builds SET due_at = created_at WHERE finished_at IS NULL")
    op.execute("CREATE INDEX builds_due ON builds (due_at, tenant_id) WHERE due_at IS NOT NULL")
    op.execute(f"CREATE POLICY due ON builds FOR SELECT TO {RELAY} USING (due_at IS NOT NULL)")
    op.execute(f"GRANT SELECT (tenant_id, due_at) ON builds TO {RELAY}")
    shown_too("builds", "-due_at")
