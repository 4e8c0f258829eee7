"""Files that were announced and never came can be found in all cities."""
from alembic import op

from shared.db.migration import RELAY

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let the relay role see which cities have some, and nothing else of them."""
    op.execute("CREATE INDEX media_announced ON media (created_at, tenant_id) WHERE state = 'requested'")
    op.execute(f"CREATE POLICY announced ON media FOR SELECT TO {RELAY} USING (state = 'requested')")
    op.execute(f"GRANT SELECT (tenant_id, state, created_at) ON media TO {RELAY}")
