"""Every change of a row is noted by the table itself, for the audit."""
from shared.db.migration import audited, changes_table, expires, impersonators

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Note from now on."""
    changes_table()
    impersonators()
    audited("accounts", "roles", "state", "language", "email_verified_at", "-profile_at")
    audited("sessions", "account_id", "revoked_at", "-refresh_id", "-previous_id", "-rotated_at", "-expires_at", "-access_id")
    audited("invitations", "role", "language", "invited_by", "expires_at", "accepted_at", "-token_hash")
    expires("invitations", "30 days")
