"""People as their city knows them: states, roles and photos; erasures, exports, terms of use, consents."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.migration import RELAY, audited, grant, tenant_table

revision = "0003"
down_revision = "0002"
TEXT, MOMENT = sa.Text, sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    """Make the tables."""
    profiles()
    erasures_and_exports()
    terms()
    consents()


def profiles() -> None:
    """What profiles have besides name and language."""
    for name in ("salutation", "first_name", "last_name", "phone"):
        op.add_column("profiles", sa.Column(name, TEXT, nullable=False, server_default=""))
    for name in ("photo", "quiet_from", "quiet_until"):
        op.add_column("profiles", sa.Column(name, TEXT))
    op.add_column("profiles", sa.Column("channels", ARRAY(TEXT), nullable=False, server_default="{email,push}"))
    op.add_column("profiles", sa.Column("roles", ARRAY(TEXT), nullable=False, server_default="{}"))
    op.add_column("profiles", sa.Column("roles_at", MOMENT))
    op.add_column("profiles", sa.Column("state", TEXT, nullable=False, server_default="active"))
    op.add_column("profiles", sa.Column("deleted_at", MOMENT))
    op.create_check_constraint("profiles_state", "profiles", "state IN ('active', 'deactivated', 'deleted')")
    op.create_check_constraint("profiles_deleted", "profiles", "(state = 'deleted') = (deleted_at IS NOT NULL)")
    op.create_check_constraint("profiles_quiet", "profiles", "(quiet_from IS NULL) = (quiet_until IS NULL)")
    op.execute("CREATE INDEX profiles_newest ON profiles (tenant_id, created_at DESC, id DESC)")
    op.execute("CREATE INDEX profiles_names ON profiles (tenant_id, lower(name) text_pattern_ops)")
    op.execute("CREATE INDEX profiles_emails ON profiles (tenant_id, lower(email) text_pattern_ops)")
    op.execute("CREATE INDEX profiles_deleted_at ON profiles (deleted_at) WHERE deleted_at IS NOT NULL")
    due("profiles", "deleted_at < now() - interval '30 days'", "deleted_at")
    op.execute("DROP TRIGGER audited ON profiles")
    audited("profiles", "language", "state", "roles", "deleted_at", "-roles_at")


def erasures_and_exports() -> None:
    """Who has confirmed whose erasure, and what was gathered for whom."""
    tenant_table(
        "erasures", sa.Column("said_at", MOMENT, nullable=False), sa.Column("completed_at", MOMENT),
        sa.Column("confirmed", ARRAY(TEXT), nullable=False, server_default="{}"),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW))
    op.execute("CREATE INDEX erasures_open ON erasures (said_at) WHERE completed_at IS NULL")
    due("erasures", "completed_at IS NULL", "said_at", "completed_at")
    audited("erasures", "confirmed", "said_at", "completed_at")
    tenant_table(
        "exports", sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("parts", JSONB, nullable=False, server_default="{}"), sa.Column("created_at", MOMENT, nullable=False))
    op.execute("CREATE INDEX exports_newest ON exports (tenant_id, user_id, created_at DESC)")
    op.execute("CREATE INDEX exports_age ON exports (created_at)")
    due("exports", "created_at < now() - interval '7 days'", "created_at")
    audited("exports", "user_id")


def terms() -> None:
    """The city's terms of use, and who has accepted which."""
    tenant_table(
        "terms_versions", sa.Column("version", sa.Integer, nullable=False), sa.Column("mandatory", sa.Boolean, nullable=False),
        sa.Column("texts", JSONB, nullable=False), sa.Column("published_by", sa.Uuid),
        sa.Column("published_at", MOMENT, nullable=False), sa.UniqueConstraint("tenant_id", "version"),
        grants="SELECT, INSERT, UPDATE (published_by), DELETE")
    audited("terms_versions", "version", "mandatory", "published_by", "published_at", entity="terms")
    tenant_table(
        "terms_acceptances", sa.Column("user_id", sa.Uuid, nullable=False), sa.Column("version", sa.Integer, nullable=False),
        sa.Column("language", TEXT, nullable=False), sa.Column("accepted_at", MOMENT, nullable=False),
        sa.UniqueConstraint("tenant_id", "user_id", "version"),
        sa.ForeignKeyConstraint(["tenant_id", "version"], ["terms_versions.tenant_id", "terms_versions.version"]),
        grants="SELECT, INSERT, DELETE")
    audited("terms_acceptances", "user_id", "version", "language")


def consents() -> None:
    """What people have agreed to and taken back; entries are only ever added."""
    tenant_table(
        "consent_entries", sa.Column("user_id", sa.Uuid, nullable=False), sa.Column("purpose", TEXT, nullable=False),
        sa.Column("granted", sa.Boolean, nullable=False), sa.Column("text_version", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False), sa.CheckConstraint(
            "purpose IN ('cookie', 'processing', 'marketing')", name="consent_entries_purpose"), grants="SELECT, INSERT, DELETE")
    op.execute("CREATE INDEX consent_entries_newest ON consent_entries (tenant_id, user_id, created_at DESC, id DESC)")
    audited("consent_entries", "user_id", "purpose", "granted", entity="consent")


def due(table: str, condition: str, *columns: str) -> None:
    """Let the relay role see, of all tenants, which rows something has to be done about."""
    op.execute(f"CREATE POLICY due ON {table} FOR SELECT TO {RELAY} USING ({condition})")
    grant(table, f"SELECT ({', '.join(('tenant_id', 'id', *columns))})", RELAY)
