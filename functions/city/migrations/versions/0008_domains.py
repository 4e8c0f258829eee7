"""Host names of a city's own: wanted, then proven by a TXT record; the registry finds a city by the proven ones."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.migration import audited, tenant_table

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A name is wanted by whoever likes, and proven for one city at most."""
    text, moment = sa.Text, sa.DateTime(timezone=True)
    tenant_table("domains", sa.Column("name", text, nullable=False), sa.Column("challenge", text, nullable=False),
                 sa.Column("proven_at", moment), sa.Column("created_at", moment, nullable=False),
                 sa.UniqueConstraint("tenant_id", "name"))
    op.execute("CREATE UNIQUE INDEX domains_proven ON domains (name) WHERE proven_at IS NOT NULL")
    audited("domains", "name", "proven_at")
    op.add_column("cities", sa.Column("hosts", ARRAY(text), nullable=False, server_default="{}"))
    op.execute("CREATE INDEX cities_hosts ON cities USING gin (hosts)")
