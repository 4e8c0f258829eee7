"""What belongs to running a tenant: quotas, legal texts, a boundary, registered apps, exports and the end."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.migration import RELAY, audited, grant, tenant_table, timestamps

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the columns and tables."""
    cities()
    legal_texts()
    boundaries()
    apps()
    exports()


def cities() -> None:
    """Columns of the registry; the row of a city that is gone stays, so that nobody gets its name."""
    text, moment = sa.Text, sa.DateTime(timezone=True)
    for column in (
            sa.Column("terms_version", sa.Integer, nullable=False, server_default="0"),
            sa.Column("second_factor", sa.Boolean, nullable=False, server_default="false"),
            sa.Column("quotas", JSONB, nullable=False, server_default="{}"), sa.Column("header_key", text),
            sa.Column("deactivated_at", moment), sa.Column("deleted_at", moment), sa.Column("erased_at", moment),
            sa.Column("erased_from", ARRAY(text), nullable=False, server_default="{}")):
        op.add_column("cities", column)
    op.create_check_constraint("cities_deleted_are_inactive", "cities", "deleted_at IS NULL OR NOT active")
    op.execute("UPDATE cities SET deactivated_at = updated_at WHERE NOT active")
    op.execute("DROP TRIGGER audited ON cities")
    audited("cities", "slug", "state", "population", "time_zone", "languages", "features", "active", "terms_version",
            "second_factor", "quotas", "deactivated_at", "deleted_at", "erased_at", "erased_from", entity="city")


def legal_texts() -> None:
    """Versions are written once: of a row only the writer may be replaced, by nobody."""
    text = sa.Text
    tenant_table(
        "legal_texts", sa.Column("kind", text, nullable=False), sa.Column("language", text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False), sa.Column("text", text, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False), sa.Column("written_by", sa.Uuid),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("tenant_id", "kind", "language", "version"),
        sa.CheckConstraint("kind IN ('imprint', 'privacy', 'accessibility')", name="legal_texts_kind"),
        grants="SELECT, INSERT, DELETE, UPDATE (written_by)")
    audited("legal_texts", "kind", "language", "version", "published")


def boundaries() -> None:
    """Where a city ends."""
    tenant_table("boundaries", sa.Column("geometry", JSONB, nullable=False), *timestamps(), sa.UniqueConstraint("tenant_id"))
    audited("boundaries", entity="boundary")


def apps() -> None:
    """Registered client apps; a rotated secret is good for a while beside the new one."""
    text, moment = sa.Text, sa.DateTime(timezone=True)
    tenant_table(
        "apps", sa.Column("name", text, nullable=False), sa.Column("platform", text, nullable=False),
        sa.Column("bundle_id", text), sa.Column("origins", ARRAY(text), nullable=False),
        sa.Column("redirects", ARRAY(text), nullable=False), sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary), sa.Column("previous_until", moment),
        sa.Column("rotated_at", moment), sa.Column("revoked_at", moment),
        sa.Column("created_at", moment, nullable=False),
        sa.CheckConstraint("platform IN ('ios', 'android', 'web')", name="apps_platform"))
    op.execute("CREATE INDEX apps_list ON apps (tenant_id, created_at DESC, id DESC)")
    audited("apps", "platform", "previous_until", "rotated_at", "revoked_at", "-secret_hash", "-previous_hash")


def exports() -> None:
    """Everything of a city, gathered from all services; one at a time."""
    moment = sa.DateTime(timezone=True)
    tenant_table("exports", sa.Column("parts", JSONB, nullable=False, server_default="{}"), sa.Column("completed_at", moment),
                 sa.Column("created_at", moment, nullable=False), sa.UniqueConstraint("tenant_id"))
    op.execute(f"CREATE POLICY due ON exports FOR SELECT TO {RELAY} USING (created_at < now() - interval '30 days')")
    grant("exports", "SELECT (tenant_id, id, created_at)", RELAY)
    audited("exports", "completed_at", entity="city_export")
