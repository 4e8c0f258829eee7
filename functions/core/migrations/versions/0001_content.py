"""Categories, listings, media."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.migration import platform_tables, tenant_table, timestamps

revision = "0001"
down_revision = None

STATUS = "status IN ('draft', 'pending_approval', 'published', 'rejected', 'archived')"
SEARCH = """setweight(to_tsvector(dictionary, title), 'A') || setweight(to_tsvector(dictionary, summary), 'B')
 || setweight(to_tsvector(dictionary, array_to_text(tags) || ' ' || coalesce(address->>'street', '')), 'B')
 || setweight(to_tsvector(dictionary, regexp_replace(description, '<[^>]*>', ' ', 'g')), 'C')"""


def upgrade() -> None:
    """Make the tables."""
    platform_tables()
    op.execute("""CREATE FUNCTION array_to_text(text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
                  AS $$ SELECT coalesce(array_to_string($1, ' '), '') $$""")
    text = sa.Text
    tenant_table(
        "categories",
        sa.Column("parent_id", sa.Uuid), sa.Column("slug", text, nullable=False), sa.Column("names", JSONB, nullable=False),
        sa.Column("icon", text, nullable=False, server_default=""), sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        *timestamps(),
        sa.UniqueConstraint("tenant_id", "id"), sa.UniqueConstraint("tenant_id", "slug"),
        sa.ForeignKeyConstraint(["tenant_id", "parent_id"], ["categories.tenant_id", "categories.id"], name="categories_parent_id_fkey"))
    tenant_table(
        "listings",
        sa.Column("category_id", sa.Uuid, nullable=False), sa.Column("slug", text, nullable=False),
        sa.Column("status", text, nullable=False), sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("language", text, nullable=False), sa.Column("dictionary", sa.Text, nullable=False, server_default="german"),
        sa.Column("title", text, nullable=False), sa.Column("summary", text, nullable=False, server_default=""),
        sa.Column("description", text, nullable=False, server_default=""),
        sa.Column("address", JSONB), sa.Column("lat", sa.Double), sa.Column("lon", sa.Double),
        sa.Column("opening_hours", JSONB), sa.Column("contact", JSONB),
        sa.Column("tags", ARRAY(text), nullable=False, server_default="{}"),
        sa.Column("media", JSONB, nullable=False, server_default="[]"), sa.Column("source", text, nullable=False, server_default=""),
        sa.Column("created_by", sa.Uuid, nullable=False), sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_at", sa.DateTime(timezone=True)), sa.Column("rejection_reason", text),
        sa.Column("published_at", sa.DateTime(timezone=True)), *timestamps(),
        sa.UniqueConstraint("tenant_id", "slug"), sa.CheckConstraint(STATUS, name="listings_status"),
        sa.ForeignKeyConstraint(["tenant_id", "category_id"], ["categories.tenant_id", "categories.id"], name="listings_category_id_fkey"))
    op.execute("ALTER TABLE listings ALTER dictionary DROP DEFAULT, ALTER dictionary TYPE regconfig USING dictionary::regconfig,"
               " ALTER dictionary SET DEFAULT 'german'")
    op.execute(f"ALTER TABLE listings ADD search tsvector GENERATED ALWAYS AS ({SEARCH}) STORED")
    op.execute("CREATE INDEX listings_newest ON listings (tenant_id, status, published_at DESC, id DESC)")
    op.execute("CREATE INDEX listings_category ON listings (tenant_id, category_id, published_at DESC, id DESC) WHERE status = 'published'")
    op.execute("CREATE INDEX listings_queue ON listings (tenant_id, created_at, id) WHERE status = 'pending_approval'")
    op.execute("CREATE INDEX listings_author ON listings (tenant_id, created_by, created_at DESC)")
    op.execute("CREATE INDEX listings_place ON listings (tenant_id, lat, lon) WHERE status = 'published'")
    op.execute("CREATE INDEX listings_search ON listings USING gin (search) WITH (fastupdate = on)")
    tenant_table(
        "media",
        sa.Column("key", text, nullable=False), sa.Column("content_type", text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False), sa.Column("state", text, nullable=False, server_default="requested"),
        sa.Column("alt", text, nullable=False, server_default=""), sa.Column("author", text, nullable=False, server_default=""),
        sa.Column("licence", text, nullable=False, server_default=""),
        sa.Column("width", sa.Integer), sa.Column("height", sa.Integer), sa.Column("problem", text),
        sa.Column("created_by", sa.Uuid, nullable=False), *timestamps())
