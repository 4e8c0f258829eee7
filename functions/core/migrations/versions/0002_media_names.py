"""The name under which a document is saved, and the states of a medium."""
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Change the table."""
    op.execute("ALTER TABLE media ADD filename text NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE media ADD CONSTRAINT media_state CHECK (state IN ('requested', 'uploaded', 'ready', 'refused'))")
    op.execute("CREATE INDEX media_requested ON media (tenant_id, created_at) WHERE state <> 'ready'")
