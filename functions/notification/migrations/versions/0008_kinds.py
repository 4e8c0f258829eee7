"""What kind of message a delivery is: it decides what goes first, and what goes again by itself."""
from alembic import op

from shared.db.migration import across_tenants

revision = "0008"
down_revision = "0007"

NOTICES = "'listing_pending', 'listing_approved', 'listing_rejected', 'build_completed', 'build_failed', 'free_text', 'file_refused'"


def upgrade() -> None:
    """Those that there are already are of the kind that their template says."""
    op.execute("ALTER TABLE deliveries ADD kind text NOT NULL DEFAULT 'account'")
    op.execute("ALTER TABLE deliveries DISABLE TRIGGER audited")
    across_tenants(f"UPDATE deliveries SET kind = 'notice' WHERE template IN ({NOTICES})", "deliveries")
    op.execute("ALTER TABLE deliveries ENABLE TRIGGER audited")
