"""Registrations, resets of passwords, locks, and the end of old sessions."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import RELAY, audited, expires, grant, tenant_table, timestamps

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and let the relay role delete old sessions."""
    text, moment = sa.Text, sa.DateTime(timezone=True)
    op.add_column("accounts", sa.Column("locked_at", moment))
    op.add_column("accounts", sa.Column("activity_at", moment))
    tenant_table(
        "registrations",
        sa.Column("email", text, nullable=False), sa.Column("name", text, nullable=False),
        sa.Column("password_hash", text, nullable=False), sa.Column("language", text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False), sa.Column("expires_at", moment, nullable=False), *timestamps(),
        sa.CheckConstraint("email = lower(email)", name="registrations_email_lower"),
        sa.UniqueConstraint("tenant_id", "token_hash"))
    op.execute("CREATE INDEX registrations_email ON registrations (tenant_id, email)")
    audited("registrations", "language", "expires_at", "-token_hash", "-password_hash")
    expires("registrations", "1 day")
    tenant_table(
        "password_resets",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", moment, nullable=False), sa.Column("created_at", moment, nullable=False),
        sa.UniqueConstraint("tenant_id", "account_id"), sa.UniqueConstraint("tenant_id", "token_hash"),
        sa.ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"))
    audited("password_resets", "account_id", "expires_at", "-token_hash")
    expires("password_resets", "1 day")
    over = "coalesce(revoked_at, expires_at)"
    op.execute(f"CREATE POLICY purge ON sessions TO {RELAY} USING ({over} < now() - interval '30 days')")
    grant("sessions", "SELECT (revoked_at, expires_at), DELETE", RELAY)
