"""Every change of a row is noted by the table itself, for the audit; what quotas count is counted."""
from shared.db.migration import audited, changes_table, expires, impersonators, usage_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Note from now on."""
    changes_table()
    impersonators()
    audited("documents", "content_type", "size", "language", "state", "chunks", "created_by")
    audited("exchanges", "conversation_id", "informed", "language")
    usage_table()
    expires("exchanges", "90 days")
