"""Why a document could not be read is kept so that every reader is told in their language; what is stuck is found in all cities."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migration import RELAY, shown_too

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let the relay role see which cities have documents on their way, and nothing else of them."""
    op.add_column("documents", sa.Column("why", JSONB))
    op.add_column("documents", sa.Column("embedded", sa.Text))
    op.add_column("documents", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")))
    shown_too("documents", "embedded", "-why", "-begun_at")
    op.execute("CREATE INDEX documents_url ON documents (tenant_id, url) WHERE url IS NOT NULL")
    op.execute(f"CREATE POLICY on_their_way ON documents FOR SELECT TO {RELAY} USING (state <> 'failed')")
    op.execute(f"GRANT SELECT (tenant_id, state, updated_at, embedded) ON documents TO {RELAY}")
