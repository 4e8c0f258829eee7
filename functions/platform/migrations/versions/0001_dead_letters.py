"""Events that could not be delivered, as the broker's dead-letter sink brings them."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migration import RELAY, changes_table, expires, impersonators, platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table. The relay role reads it for operators, who see the letters of all cities, but not what events say.

    It does not note its changes: the note of a letter could die itself, and make the next letter.
    """
    platform_tables()
    impersonators()
    changes_table()
    text = sa.Text
    tenant_table(
        "dead_letters", *(sa.Column(n, text, nullable=False) for n in ("event_id", "source", "type", "function", "answer")),
        sa.Column("status", sa.Integer), sa.Column("attributes", JSONB, nullable=False), sa.Column("data", text, nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)), *timestamps(),
        sa.UniqueConstraint("tenant_id", "source", "event_id", "function"), grants="SELECT, INSERT, UPDATE, DELETE")
    op.execute("CREATE INDEX dead_letters_newest ON dead_letters (created_at DESC, id DESC)")
    op.execute(f"CREATE POLICY operating ON dead_letters FOR SELECT TO {RELAY} USING (true)")
    op.execute(f"GRANT SELECT (id, tenant_id, event_id, source, type, function, answer, status, delivered_at) ON dead_letters TO {RELAY}")
    expires("dead_letters", "30 days")
