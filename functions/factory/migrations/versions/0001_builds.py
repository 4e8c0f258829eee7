"""App configurations, each version kept, and builds."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migration import platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    platform_tables()
    text = sa.Text
    tenant_table("app_configs", sa.Column("version", sa.Integer, nullable=False), sa.Column("config", JSONB, nullable=False),
                 sa.Column("saved_by", sa.Uuid), *timestamps(), sa.UniqueConstraint("tenant_id", "version"))
    tenant_table("builds", sa.Column("number", sa.Integer, nullable=False), sa.Column("platform", text, nullable=False),
                 sa.Column("status", text, nullable=False), sa.Column("inputs", JSONB, nullable=False),
                 sa.Column("inputs_digest", text, nullable=False), sa.Column("config_version", sa.Integer, nullable=False),
                 sa.Column("log", JSONB, nullable=False, server_default="[]"), sa.Column("workspace_digest", text),
                 sa.Column("artifact_name", text), sa.Column("artifact_key", text), sa.Column("artifact_digest", text),
                 sa.Column("artifact_bytes", sa.Integer), sa.Column("error", text), sa.Column("requested_by", sa.Uuid, nullable=False),
                 sa.Column("finished_at", sa.DateTime(timezone=True)), *timestamps(), sa.UniqueConstraint("tenant_id", "number"))
    op.execute("CREATE INDEX builds_newest ON builds (tenant_id, created_at DESC, id DESC)")
    op.execute("CREATE UNIQUE INDEX builds_running ON builds (tenant_id, platform, inputs_digest) "
               "WHERE status NOT IN ('completed', 'failed', 'cancelled')")
