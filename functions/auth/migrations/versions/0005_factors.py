"""Second factors, recovery codes; guests, who are accounts of a device, and how they become people with an address."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import RELAY, audited, expires, grant, tenant_table, timestamps

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    text, moment = sa.Text, sa.DateTime(timezone=True)
    op.add_column("accounts", sa.Column("kind", text, nullable=False, server_default="person"))
    op.add_column("accounts", sa.Column("second_factor_at", moment))
    op.alter_column("accounts", "email", nullable=True)
    op.create_check_constraint("accounts_kind", "accounts", "kind IN ('person', 'guest')")
    op.create_check_constraint("accounts_have_an_address", "accounts", "email IS NOT NULL OR kind = 'guest'")
    tenant_table(
        "second_factors",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("secret", text), sa.Column("pending", text),
        sa.Column("last_step", sa.Integer, nullable=False, server_default="0"), *timestamps(),
        sa.UniqueConstraint("tenant_id", "account_id"), account())
    tenant_table(
        "recovery_codes",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("code_hash", sa.LargeBinary, nullable=False), *timestamps(),
        sa.UniqueConstraint("tenant_id", "account_id", "code_hash"),
        sa.ForeignKeyConstraint(["tenant_id", "account_id"], ["second_factors.tenant_id", "second_factors.account_id"],
                                ondelete="CASCADE"))
    tenant_table(
        "guests",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("device_hash", sa.LargeBinary, nullable=False), sa.Column("platform", text),
        sa.Column("created_at", moment, nullable=False), sa.Column("used_at", moment, nullable=False),
        sa.UniqueConstraint("tenant_id", "account_id"), sa.UniqueConstraint("tenant_id", "secret_hash"), account())
    tenant_table(
        "conversions",
        sa.Column("account_id", sa.Uuid, nullable=False), sa.Column("email", text, nullable=False),
        sa.Column("name", text, nullable=False), sa.Column("password_hash", text, nullable=False),
        sa.Column("language", text, nullable=False), sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", moment, nullable=False), sa.Column("created_at", moment, nullable=False),
        sa.UniqueConstraint("tenant_id", "account_id"), sa.UniqueConstraint("tenant_id", "token_hash"), account())
    audited("second_factors", "account_id", "-last_step")
    audited("recovery_codes", "account_id")
    audited("guests", "account_id", "platform")
    audited("conversions", "account_id", "language", "expires_at")
    expires("conversions", "2 days")
    op.execute(f"CREATE POLICY idle ON guests FOR SELECT TO {RELAY} USING (used_at < now() - interval '365 days')")
    grant("guests", "SELECT (tenant_id, account_id, used_at)", RELAY)
    op.execute("CREATE INDEX guests_used ON guests (used_at)")


def account() -> sa.ForeignKeyConstraint:
    """Whose it is."""
    return sa.ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE")
