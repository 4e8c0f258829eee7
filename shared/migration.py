"""What migrations are written with: tenant tables behind row-level security, and the tables that every service has.

    def upgrade() -> None:
        platform_tables()
        tenant_table("listings", sa.Column("title", sa.Text, nullable=False), ...)
"""
from typing import Any

import sqlalchemy as sa
from alembic import op

APP, RELAY = "heidi_app", "heidi_relay"
TENANT = "nullif(current_setting('heidi.tenant', true), '')::uuid"


def tenant_table(name: str, *columns: Any, grants: str = "SELECT, INSERT, UPDATE, DELETE", key: bool = True) -> None:
    """A table whose rows belong to tenants: tenant_id first, and the second wall around it."""
    own_key = [sa.Column("id", sa.Uuid, primary_key=True)] if key else []
    op.create_table(name, *own_key, sa.Column("tenant_id", sa.Uuid, nullable=False), *columns)
    guard(name)
    grant(name, grants)


def guard(name: str) -> None:
    """Row-level security that holds for the owner too: without a tenant setting there are no rows."""
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {name} USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})")


def grant(name: str, grants: str, role: str = APP) -> None:
    """Let a role that owns nothing use a table."""
    op.execute(f"GRANT {grants} ON {name} TO {role}")


def platform_tables() -> None:
    """Outbox, inbox and idempotency keys: the first migration of every service makes them."""
    text, now = sa.Text, sa.text("now()")
    tenant_table("outbox", *(sa.Column(n, text, nullable=False) for n in ("type", "source")),
                 sa.Column("time", sa.DateTime(timezone=True), nullable=False),
                 *(sa.Column(n, text, nullable=False) for n in ("correlation_id", "actor_id", "traceparent", "data")),
                 sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
                 grants="SELECT, INSERT, DELETE")
    op.execute(f"CREATE POLICY relay ON outbox TO {RELAY} USING (true)")
    grant("outbox", "SELECT, DELETE", RELAY)
    tenant_table("inbox", *(sa.Column(n, text, nullable=False) for n in ("function", "source", "event_id")),
                 sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
                 sa.PrimaryKeyConstraint("tenant_id", "function", "source", "event_id"),
                 grants="SELECT, INSERT, DELETE", key=False)
    tenant_table("idempotency", *(sa.Column(n, text, nullable=False) for n in ("function", "caller", "key", "request_hash")),
                 sa.Column("status", sa.Integer), sa.Column("body", text),
                 sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
                 sa.PrimaryKeyConstraint("tenant_id", "function", "caller", "key"), key=False)
    for name, age in (("inbox", "7 days"), ("idempotency", "24 hours")):  # the relay role may forget what is older, no more
        op.execute(f"CREATE POLICY prune ON {name} TO {RELAY} USING (claimed_at < now() - interval '{age}')")
        grant(name, "SELECT (claimed_at), DELETE", RELAY)
        op.execute(f"CREATE INDEX {name}_age ON {name} USING brin (claimed_at)")


def timestamps() -> list[Any]:
    """created_at and updated_at, set by the database."""
    now, moment = sa.text("now()"), sa.DateTime(timezone=True)
    return [sa.Column(name, moment, nullable=False, server_default=now) for name in ("created_at", "updated_at")]
