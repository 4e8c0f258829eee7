"""What happened in the apps, what is counted of it, and how it becomes anonymous."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import RELAY, changes_table, impersonators, platform_tables, tenant_table

revision = "0001"
down_revision = None
AGED, RECENT = "at < now() - interval '2 years'", "at > now() - interval '10 days'"
ANONYMOUS = "visitor_id IS NULL AND at = date_trunc('day', at, 'UTC')"


def upgrade() -> None:
    """Make the tables. The relay role may take out of what is two years old what tells people apart, and nothing else."""
    platform_tables()
    impersonators()
    changes_table()
    text = sa.Text
    tenant_table("events", sa.Column("id", sa.Uuid, nullable=False), sa.Column("name", text, nullable=False),
                 sa.Column("at", sa.DateTime(timezone=True), nullable=False), sa.Column("visitor_id", sa.Uuid),
                 sa.Column("listing_id", sa.Uuid), sa.Column("category_id", sa.Uuid), sa.Column("screen", text),
                 sa.Column("platform", text), sa.Column("language", text), sa.PrimaryKeyConstraint("tenant_id", "id"),
                 grants="SELECT, INSERT, DELETE", key=False)
    tenant_table("daily", sa.Column("name", text, nullable=False), sa.Column("subject", text, nullable=False),
                 sa.Column("day", sa.Date, nullable=False), sa.Column("count", sa.BigInteger, nullable=False),
                 sa.Column("visitors", sa.BigInteger, nullable=False),
                 sa.PrimaryKeyConstraint("tenant_id", "name", "subject", "day"), key=False)
    op.execute("CREATE INDEX events_day ON events (tenant_id, at)")
    op.execute("CREATE INDEX events_age ON events USING brin (at) WITH (autosummarize = on)")
    op.execute("CREATE INDEX events_told_apart ON events (at, tenant_id) WHERE visitor_id IS NOT NULL")
    op.execute(f"CREATE POLICY recent ON events FOR SELECT TO {RELAY} USING (visitor_id IS NOT NULL AND {RECENT})")
    op.execute(f"CREATE POLICY aged ON events FOR SELECT TO {RELAY} USING ({AGED})")
    op.execute(f"CREATE POLICY anonymise ON events FOR UPDATE TO {RELAY} USING (visitor_id IS NOT NULL AND {AGED})"
               f" WITH CHECK ({ANONYMOUS} AND {AGED})")
    op.execute(f"GRANT SELECT (tenant_id, id, at), UPDATE (visitor_id, at) ON events TO {RELAY}")
