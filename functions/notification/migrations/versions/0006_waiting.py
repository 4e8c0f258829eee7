"""A delivery waits in its row while a server is away, is tried again, and says what became of it."""
from alembic import op

from shared.db.migration import RELAY

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """`due_at` is when something happens to the row again: the next try, the end of a lease, or its request is forgotten.

    The audit notes how a delivery ended, not each try.
    """
    op.execute("""ALTER TABLE deliveries ADD attempts integer NOT NULL DEFAULT 0, ADD expires_at timestamptz,
     ADD reached text[] NOT NULL DEFAULT '{}', ADD repeated boolean NOT NULL DEFAULT false""")
    op.execute("UPDATE deliveries SET state = 'waiting' WHERE state = 'deferred'")
    op.execute("DROP INDEX deliveries_due")
    op.execute("CREATE INDEX deliveries_due ON deliveries (due_at, tenant_id) WHERE due_at IS NOT NULL")
    op.execute("CREATE INDEX deliveries_newest ON deliveries (tenant_id, created_at DESC, id DESC)")
    op.execute("DROP POLICY due ON deliveries")
    op.execute(f"CREATE POLICY due ON deliveries FOR SELECT TO {RELAY} USING (due_at IS NOT NULL)")
    op.execute("DROP TRIGGER audited ON deliveries")
    shown = "'delivery', 'notification_id', 'channel', 'template', 'user_id', 'state', 'attempts', '-due_at', '-request', '-reached'"
    op.execute("CREATE TRIGGER audited AFTER INSERT OR UPDATE ON deliveries FOR EACH ROW"
               f" WHEN (NEW.state NOT IN ('waiting', 'sending')) EXECUTE FUNCTION record_change({shown})")
    op.execute(f"CREATE TRIGGER audited_end AFTER DELETE ON deliveries FOR EACH ROW EXECUTE FUNCTION record_change({shown})")
