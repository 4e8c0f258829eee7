"""Which pages may call is asked of all cities at once: the relay role sees where registered apps are called from, and no more."""
from alembic import op

from shared.db.migration import RELAY, grant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let the question be answered by an index."""
    op.execute(f"CREATE POLICY origins ON apps FOR SELECT TO {RELAY} USING (revoked_at IS NULL AND platform = 'web')")
    grant("apps", "SELECT (origins, revoked_at, platform)", RELAY)
    op.execute("CREATE INDEX apps_origins ON apps USING gin (origins) WHERE revoked_at IS NULL")
