"""What migrations are written with: tenant tables behind row-level security, and the tables that every
service has.

def upgrade() -> None:
    platform_tables()
    tenant_table("listings", sa.Column("title", sa.Text, nullable=False), ...)
"""

import time
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.roles import APP, RELAY

TENANT = "nullif(current_setting('heidi.tenant', true), '')::uuid"


def tenant_table(
    name: str, *columns: Any, grants: str = "SELECT, INSERT, UPDATE, DELETE", key: bool = True
) -> None:
    """A table whose rows belong to tenants: tenant_id first, and the second wall around it."""
    own_key = [sa.Column("id", sa.Uuid, primary_key=True)] if key else []
    op.create_table(name, *own_key, sa.Column("tenant_id", sa.Uuid, nullable=False), *columns)
    guard(name)
    grant(name, grants)


def guard(name: str) -> None:
    """Row-level security that holds for the owner too: without a tenant setting there are no rows."""
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {name} USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
    )


def grant(name: str, grants: str, role: str = APP) -> None:
    """Let a role that owns nothing use a table."""
    op.execute(f"GRANT {grants} ON {name} TO {role}")


def platform_tables() -> None:
    """Outbox, inbox and idempotency keys: the first migration of every service makes them."""
    text, now = sa.Text, sa.text("now()")
    tenant_table(
        "outbox",
        *(sa.Column(n, text, nullable=False) for n in ("type", "source")),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(n, text, nullable=False) for n in ("correlation_id", "actor_id", "traceparent", "data")),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        grants="SELECT, INSERT, DELETE",
    )
    op.execute(f"CREATE POLICY relay ON outbox TO {RELAY} USING (true)")
    grant("outbox", "SELECT, DELETE", RELAY)
    tenant_table(
        "inbox",
        *(sa.Column(n, text, nullable=False) for n in ("function", "source", "event_id")),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.PrimaryKeyConstraint("tenant_id", "function", "source", "event_id"),
        grants="SELECT, INSERT, DELETE",
        key=False,
    )
    tenant_table(
        "idempotency",
        *(sa.Column(n, text, nullable=False) for n in ("function", "caller", "key", "request_hash")),
        sa.Column("status", sa.Integer),
        sa.Column("body", text),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.PrimaryKeyConstraint("tenant_id", "function", "caller", "key"),
        key=False,
    )
    for name, age in (("inbox", "7 days"), ("idempotency", "24 hours")):
        expires(name, age, "claimed_at")


def expires(table: str, age: str, column: str = "created_at") -> None:
    """Let rows end when they are this old, by the clock of a column: then, and only then, the relay role may
    delete them.

    The function `prune-expired-rows` does; nothing else has to know the table.
    """
    op.execute(f"CREATE POLICY prune ON {table} TO {RELAY} USING ({column} < now() - interval '{age}')")
    grant(table, f"SELECT ({column}), DELETE", RELAY)
    op.execute(f"CREATE INDEX {table}_age ON {table} USING brin ({column})")


def due(table: str, column: str = "due_at") -> None:
    """Let the relay role see of which cities rows are due, and their ids: a tick asks it
    (shared/db/relay_role.py), then enters each city. Without a time there, nothing is due.
    """
    op.execute(f"CREATE POLICY due ON {table} FOR SELECT TO {RELAY} USING ({column} IS NOT NULL)")
    grant(table, f"SELECT (id, tenant_id, {column})", RELAY)
    op.execute(f"CREATE INDEX {table}_due ON {table} ({column}) WHERE {column} IS NOT NULL")


def counted(table: str, *columns: str, rows: str, index: str) -> None:
    """Let the relay role see these columns of these rows, and no others, of all tenants: to count them, not
    to delete them.
    """
    op.execute(f"CREATE POLICY counted ON {table} FOR SELECT TO {RELAY} USING ({rows})")
    grant(table, f"SELECT ({', '.join(columns)})", RELAY)
    op.execute(f"CREATE INDEX {table}_counted ON {table} ({index})")


IGNORED_COLUMNS = "'id', 'tenant_id', 'created_at', 'updated_at', 'used_at', 'search', 'dictionary'"
RECORD_CHANGE = f"""
CREATE FUNCTION record_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
 old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{{}}' ELSE to_jsonb(OLD) END;
 new_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{{}}' ELSE to_jsonb(NEW) END;
 whole jsonb := old_row || new_row;
 shown text[] := TG_ARGV[1:];
 changed text[];
BEGIN
 SELECT array_agg(key ORDER BY key) INTO changed FROM jsonb_object_keys(whole) key
  WHERE key NOT IN ({IGNORED_COLUMNS}) AND '-' || key <> ALL (shown)
   AND coalesce(old_row -> key, 'null') <> coalesce(new_row -> key, 'null');
 IF changed IS NOT NULL OR TG_OP <> 'UPDATE' THEN
  INSERT INTO changes (tenant_id, entity, entity_id, change, fields, before, after, who) VALUES (
   (whole ->> 'tenant_id')::uuid, TG_ARGV[0], (whole ->> 'id')::uuid, lower(TG_OP), coalesce(changed, '{{}}'),
   (SELECT jsonb_object_agg(key, value) FROM jsonb_each(old_row) WHERE key = ANY (shown) AND key = ANY (changed)),
   (SELECT jsonb_object_agg(key, value) FROM jsonb_each(new_row) WHERE key = ANY (shown) AND key = ANY (changed)),
   coalesce(nullif(current_setting('heidi.who', true), '')::jsonb, '{{}}'));
 END IF;
 RETURN NULL;
END $$"""


def changes_table() -> None:
    """Where tables note their own changes for the audit (`audited`): written by the database itself, read by
    the relay.
    """
    text = sa.Text
    # the numbers are ids of events, also after a database was made anew
    unlike_any_before = time.time_ns() // 1_000_000
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True, start=unlike_any_before), primary_key=True),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("entity", text, nullable=False),
        sa.Column("entity_id", sa.Uuid),
        sa.Column("change", text, nullable=False),
        sa.Column("fields", ARRAY(text), nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("who", JSONB, nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
    )
    guard("changes")
    op.execute("CREATE POLICY noted ON changes FOR INSERT TO CURRENT_USER WITH CHECK (true)")
    op.execute(f"CREATE POLICY relay ON changes TO {RELAY} USING (true)")
    grant("changes", "SELECT, DELETE", RELAY)
    op.execute(RECORD_CHANGE)
    op.execute("REVOKE ALL ON FUNCTION record_change() FROM PUBLIC")


def audited(table: str, *shown: str, entity: str | None = None) -> None:
    """Let a table note every change of its rows: who, when, which fields, and before and after of the `shown`
    ones.

    Show what is no person's: ids, states, numbers, flags, settings (functions/audit/entries/allow_list.py has
    the list of those that may hold words). A column with a minus before its name is not noted at all.
    """
    arguments = ", ".join(f"'{word}'" for word in (entity or table.removesuffix("s"), *shown))
    op.execute(
        f"CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION record_change({arguments})"
    )


def shown_too(table: str, *columns: str) -> None:
    """Let a table's notes have before and after of these columns, too."""
    said = sa.text(
        "SELECT tgargs FROM pg_trigger WHERE tgrelid = CAST(:name AS regclass) AND tgname = 'audited'"
    )
    entity, *shown = bytes(op.get_bind().scalar(said, {"name": table})).decode().split("\0")[:-1]
    op.execute(f"DROP TRIGGER audited ON {table}")
    audited(table, *shown, *(column for column in columns if column not in shown), entity=entity)


COUNT_VERSION = """CREATE OR REPLACE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
 NEW.version := OLD.version + 1;
 RETURN NEW;
END $$"""


def versioned(table: str, *columns: str) -> None:
    """Let rows count how often these columns have changed, whoever changes them: what several people may edit
    is refused to whoever has seen another version (shared/context.py: refuse_outdated).
    """
    op.execute(f"ALTER TABLE {table} ADD COLUMN version integer NOT NULL DEFAULT 1")
    op.execute(COUNT_VERSION)
    old, new = (", ".join(f"{side}.{column}" for column in columns) for side in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER versioned BEFORE UPDATE ON {table} FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION count_version()"
    )
    shown_too(table, "version")


def usage_table() -> None:
    """What a city has used of its quotas, counted in the transactions that use it (shared/quotas.py)."""
    tenant_table(
        "usage",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False, server_default=""),
        sa.Column("used", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "period"),
        sa.CheckConstraint("used >= 0", name="usage_used"),
        key=False,
    )


def storage_told() -> None:
    """Let the relay role see what every city stores here: the other services have to know
    (shared/tenancy/stored_bytes.py).
    """
    op.execute(f"CREATE POLICY stored ON usage FOR SELECT TO {RELAY} USING (kind = 'storage_bytes')")
    grant("usage", "SELECT (tenant_id, kind, used)", RELAY)


def across_tenants(statement: str, *tables: str) -> None:
    """Do something to all tenants' rows: the wall around these tables would hide them from the owner, too."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(statement)
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def impersonators() -> None:
    """Let the outbox say who acted in the actor's name."""
    op.add_column("outbox", sa.Column("impersonator_id", sa.Text, nullable=False, server_default=""))


def timestamps() -> list[Any]:
    """created_at and updated_at, set by the database."""
    now, moment = sa.text("now()"), sa.DateTime(timezone=True)
    return [
        sa.Column(name, moment, nullable=False, server_default=now) for name in ("created_at", "updated_at")
    ]
