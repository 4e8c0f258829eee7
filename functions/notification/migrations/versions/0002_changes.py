"""Every change of a row is noted by the table itself, for the audit."""
from shared.db.migration import audited, changes_table, expires, impersonators

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Note from now on."""
    changes_table()
    impersonators()
    audited("deliveries", "notification_id", "channel", "template", "user_id", "state", entity="delivery")
    expires("deliveries", "365 days")
