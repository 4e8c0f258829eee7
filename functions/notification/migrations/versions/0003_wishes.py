"""How people want to be reached, and messages that wait for the end of quiet hours."""
from alembic import op

from shared.db.migration import RELAY

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Change the tables; the relay role may see which cities have something that waits, and nothing of what it says."""
    op.execute("ALTER TABLE recipients ADD channels text[] NOT NULL DEFAULT '{email,push}', ADD quiet_from text, ADD quiet_until text")
    op.execute("ALTER TABLE deliveries ADD due_at timestamptz, ADD request jsonb")
    op.execute("CREATE INDEX deliveries_due ON deliveries (due_at, tenant_id) WHERE state = 'deferred'")
    op.execute(f"CREATE POLICY due ON deliveries FOR SELECT TO {RELAY} USING (state = 'deferred')")
    op.execute(f"GRANT SELECT (tenant_id, state, due_at) ON deliveries TO {RELAY}")
