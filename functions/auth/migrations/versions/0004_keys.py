"""API tokens, and who acted in whose name."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.migration import audited, expires, tenant_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    text, moment = sa.Text, sa.DateTime(timezone=True)
    now = sa.text("now()")
    tenant_table(
        "api_tokens",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("name", text, nullable=False),
        sa.Column("scopes", ARRAY(text), nullable=False), sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", moment, nullable=False, server_default=now), sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment), sa.Column("revoked_at", moment),
        sa.UniqueConstraint("tenant_id", "token_hash"),
        sa.CheckConstraint("expires_at <= created_at + interval '366 days'", name="api_tokens_life"),
        sa.ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"))
    op.execute("CREATE INDEX api_tokens_account ON api_tokens (tenant_id, account_id, created_at DESC, id DESC) WHERE revoked_at IS NULL")
    audited("api_tokens", "account_id", "scopes", "expires_at", "revoked_at", "-token_hash")
    expires("api_tokens", "400 days")
    tenant_table(
        "impersonations",
        sa.Column("user_id", sa.Uuid, nullable=False), sa.Column("impersonator_id", sa.Uuid, nullable=False),
        sa.Column("reason", text, nullable=False), sa.Column("created_at", moment, nullable=False, server_default=now),
        sa.Column("ends_at", moment, nullable=False), sa.Column("stopped_at", moment))
    op.execute("CREATE INDEX impersonations_newest ON impersonations (tenant_id, created_at DESC, id DESC)")
    op.execute("CREATE INDEX impersonations_open ON impersonations (tenant_id, user_id, ends_at) WHERE stopped_at IS NULL")
    audited("impersonations", "user_id", "impersonator_id", "ends_at", "stopped_at")
    expires("impersonations", "730 days")
