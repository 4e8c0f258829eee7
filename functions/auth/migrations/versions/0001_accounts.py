"""Accounts, sessions, invitations."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.migration import platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    platform_tables()
    text, moment = sa.Text, sa.DateTime(timezone=True)
    tenant_table(
        "accounts",
        sa.Column("email", text, nullable=False), sa.Column("password_hash", text),
        sa.Column("name", text, nullable=False), sa.Column("language", text, nullable=False),
        sa.Column("profile_at", moment), sa.Column("roles", ARRAY(text), nullable=False),
        sa.Column("state", text, nullable=False, server_default="active"), sa.Column("email_verified_at", moment),
        *timestamps(),
        sa.UniqueConstraint("tenant_id", "id"),
        sa.CheckConstraint("email = lower(email)", name="accounts_email_lower"),
        sa.CheckConstraint("state IN ('active', 'locked', 'inactive')", name="accounts_state"))
    op.execute("CREATE UNIQUE INDEX accounts_email ON accounts (tenant_id, email)")
    tenant_table(
        "sessions",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("access_id", sa.Uuid, nullable=False),
        sa.Column("refresh_id", sa.Uuid, nullable=False), sa.Column("previous_id", sa.Uuid),
        sa.Column("rotated_at", moment, nullable=False), sa.Column("user_agent", text, nullable=False, server_default=""),
        sa.Column("created_at", moment, nullable=False), sa.Column("used_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False), sa.Column("revoked_at", moment),
        sa.ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"))
    op.execute("CREATE INDEX sessions_account ON sessions (tenant_id, account_id, created_at DESC, id DESC) WHERE revoked_at IS NULL")
    tenant_table(
        "invitations",
        sa.Column("token_hash", sa.LargeBinary, nullable=False), sa.Column("email", text, nullable=False),
        sa.Column("name", text, nullable=False, server_default=""), sa.Column("role", text, nullable=False),
        sa.Column("language", text, nullable=False), sa.Column("invited_by", sa.Uuid),
        sa.Column("expires_at", moment, nullable=False), sa.Column("accepted_at", moment), *timestamps(),
        sa.CheckConstraint("email = lower(email)", name="invitations_email_lower"),
        sa.UniqueConstraint("tenant_id", "token_hash"))
    op.execute("CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email) WHERE accepted_at IS NULL")
