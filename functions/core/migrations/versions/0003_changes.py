"""Every change of a row is noted by the table itself, for the audit; what quotas count is counted."""
from shared.db.migration import audited, changes_table, impersonators, usage_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Note from now on."""
    changes_table()
    impersonators()
    audited("categories", "parent_id", "slug", "position", entity="category")
    audited("listings", "category_id", "status", "version", "language", "created_by", "decided_by", "decided_at", "published_at")
    audited("media", "content_type", "size", "state", "width", "height", "created_by", entity="media")
    usage_table()
