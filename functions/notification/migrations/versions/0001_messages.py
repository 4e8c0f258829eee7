"""Whom messages reach, and what became of each message."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.migration import platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables. A recipient's id is the user's id."""
    platform_tables()
    text = sa.Text
    tenant_table("recipients", sa.Column("email", text, nullable=False), sa.Column("name", text, nullable=False),
                 sa.Column("language", text, nullable=False), sa.Column("roles", ARRAY(text), nullable=False), *timestamps())
    op.execute("CREATE INDEX recipients_roles ON recipients USING gin (roles)")
    tenant_table("devices", sa.Column("user_id", sa.Uuid, nullable=False), sa.Column("device_id", text, nullable=False),
                 sa.Column("platform", text, nullable=False), sa.Column("token", text, nullable=False), *timestamps(),
                 sa.UniqueConstraint("tenant_id", "user_id", "device_id"))
    op.execute("CREATE INDEX devices_token ON devices (tenant_id, token)")
    tenant_table("deliveries", sa.Column("notification_id", sa.Uuid, nullable=False), sa.Column("channel", text, nullable=False),
                 sa.Column("template", text, nullable=False), sa.Column("user_id", sa.Uuid), sa.Column("state", text, nullable=False),
                 sa.Column("reason", text), *timestamps(), sa.UniqueConstraint("tenant_id", "notification_id", "channel"))
    op.execute("CREATE INDEX deliveries_person ON deliveries (tenant_id, user_id, created_at DESC)")
