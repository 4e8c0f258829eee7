"""Documents, their chunks with the search index and the vectors, and what was asked."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from functions.chatbot.retrieval.tables import DDL, TENANT_TABLES
from shared.db.migration import grant, guard, platform_tables, tenant_table, timestamps
from shared.adapters.vectors.pgvector import DDL as VECTORS

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    platform_tables()
    text = sa.Text
    tenant_table("documents", sa.Column("title", text, nullable=False), sa.Column("url", text), sa.Column("filename", text),
                 sa.Column("content_type", text), sa.Column("size", sa.Integer), sa.Column("language", text),
                 sa.Column("state", text, nullable=False), sa.Column("problem", text), sa.Column("chunks", sa.Integer),
                 sa.Column("digest", text), sa.Column("created_by", sa.Uuid), *timestamps())
    op.execute("CREATE INDEX documents_newest ON documents (tenant_id, created_at DESC, id DESC)")
    for statement in (*DDL, *VECTORS):
        op.execute(statement)
    op.execute("ALTER TABLE chunks ADD embedded text")
    for name in (*TENANT_TABLES, "vectors"):
        guard(name)
        grant(name, "SELECT, INSERT, UPDATE, DELETE")
    tenant_table("exchanges", sa.Column("conversation_id", sa.Uuid, nullable=False), sa.Column("question", text, nullable=False),
                 sa.Column("answer", text, nullable=False), sa.Column("citations", JSONB, nullable=False),
                 sa.Column("informed", sa.Boolean, nullable=False), sa.Column("language", text, nullable=False), *timestamps())
    op.execute("CREATE INDEX exchanges_conversation ON exchanges (tenant_id, conversation_id, created_at)")
