"""Profiles and devices."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    platform_tables()
    text = sa.Text
    tenant_table(
        "profiles",
        sa.Column("email", text, nullable=False), sa.Column("name", text, nullable=False),
        sa.Column("language", text, nullable=False), *timestamps())
    tenant_table(
        "devices",
        sa.Column("user_id", sa.Uuid, nullable=False), sa.Column("device_id", text, nullable=False),
        sa.Column("platform", text, nullable=False), sa.Column("token", text, nullable=False),
        sa.Column("language", text, nullable=False), *timestamps(),
        sa.UniqueConstraint("tenant_id", "user_id", "device_id"), sa.UniqueConstraint("tenant_id", "platform", "token"),
        sa.CheckConstraint("platform IN ('fcm', 'apns')", name="devices_platform"))
    op.execute("CREATE INDEX devices_seen ON devices (tenant_id, user_id, updated_at DESC, id DESC)")
