"""Consent to be counted is a purpose of its own, and what was decided before anybody listened is said again."""
from alembic import op

revision = "0005"
down_revision = "0004"
PURPOSES = "'cookie', 'processing', 'marketing', 'analytics'"
SAY_AGAIN = """INSERT INTO outbox (id, tenant_id, type, source, time, correlation_id, actor_id, traceparent, data)
 SELECT gen_random_uuid(), tenant_id, 'app.heidi.consent.changed', '/heidi/users', now(), replace(gen_random_uuid()::text, '-', ''),
  '', '', json_build_object('userId', user_id, 'purpose', purpose, 'granted', granted, 'decidedAt', created_at)
 FROM (SELECT DISTINCT ON (tenant_id, user_id, purpose) * FROM consent_entries
  ORDER BY tenant_id, user_id, purpose, created_at DESC, id DESC) newest"""


def upgrade() -> None:
    """The newest decision about each purpose; the sweep publishes them, of all tenants, past the wall for this one statement."""
    op.execute("ALTER TABLE consent_entries DROP CONSTRAINT consent_entries_purpose")
    op.execute(f"ALTER TABLE consent_entries ADD CONSTRAINT consent_entries_purpose CHECK (purpose IN ({PURPOSES}))")
    for table in ("consent_entries", "outbox"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(SAY_AGAIN)
    for table in ("consent_entries", "outbox"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
