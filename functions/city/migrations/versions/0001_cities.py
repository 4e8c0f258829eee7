"""The registry of tenants."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.migration import platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table.

    Each city's row belongs to the city itself (tenant_id = id): the usual policy lets nobody insert or change it without
    acting as that tenant. Reading is another matter: which tenant a request means has to be found before there is a
    tenant, and the list of cities is public. So there is one more policy, for SELECT alone. It lets nothing out that is
    not public: the table holds no person's data, and the functions leave out cities that are switched off.
    """
    platform_tables()
    text = sa.Text
    tenant_table(
        "cities",
        sa.Column("slug", sa.Text(collation="C"), nullable=False), sa.Column("name", text, nullable=False),
        sa.Column("state", text, nullable=False, server_default=""), sa.Column("population", sa.Integer),
        sa.Column("lat", sa.Double), sa.Column("lon", sa.Double), sa.Column("time_zone", text, nullable=False),
        sa.Column("languages", ARRAY(text), nullable=False), sa.Column("features", ARRAY(text), nullable=False),
        sa.Column("theme", JSONB, nullable=False), sa.Column("contact", JSONB), sa.Column("website", text),
        sa.Column("active", sa.Boolean, nullable=False, server_default="true"), *timestamps(),
        sa.UniqueConstraint("slug"), sa.CheckConstraint("tenant_id = id", name="cities_belong_to_themselves"),
        sa.CheckConstraint("cardinality(languages) > 0", name="cities_languages"),
        grants="SELECT, INSERT, UPDATE")
    op.execute("CREATE POLICY directory ON cities FOR SELECT USING (true)")
    op.execute("CREATE INDEX cities_list ON cities (slug) WHERE active")
