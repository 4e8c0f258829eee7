"""Every change of a row is noted by the table itself, for the audit."""
from shared.db.migration import audited, changes_table, impersonators

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Note from now on."""
    changes_table()
    impersonators()
    audited("profiles", "language")
    audited("devices", "user_id", "platform", "language")
