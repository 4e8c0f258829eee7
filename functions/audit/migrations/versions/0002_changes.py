"""Entries say who acted in the actor's name, and what a row held before and after a change."""
from alembic import op

from shared.db.migration import APP, TENANT, changes_table, impersonators

revision = "0002"
down_revision = "0001"

NOTHING = "decode(repeat('00', 32), 'hex')"
OLD = "append_entry(timestamptz, uuid, text, text, uuid, text, text, text, jsonb)"
NEW = "append_entry(timestamptz, uuid, uuid, text, text, uuid, text, text, text, jsonb, jsonb, jsonb)"

# Nulls count inside `before` and `after`: a value that was removed is not one that stayed.
ENTRY_JSON = """
CREATE OR REPLACE FUNCTION entry_json(e entries) RETURNS jsonb LANGUAGE sql STABLE AS $$
 SELECT jsonb_strip_nulls(jsonb_build_object(
  'tenantId', e.tenant_id, 'sequence', e.sequence,
  'recordedAt', to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'actorId', e.actor_id, 'impersonatorId', e.impersonator_id, 'action', e.action, 'resourceType', e.resource_type,
  'resourceId', e.resource_id, 'correlationId', e.correlation_id, 'source', e.source, 'eventId', e.event_id, 'data', e.data))
  || CASE WHEN e.before IS NULL THEN '{}' ELSE jsonb_build_object('before', e.before) END
  || CASE WHEN e.after IS NULL THEN '{}' ELSE jsonb_build_object('after', e.after) END
$$"""
APPEND_ENTRY = f"""
CREATE FUNCTION append_entry(happened_at timestamptz, actor_id uuid, impersonator_id uuid, action text, resource_type text,
 resource_id uuid, correlation_id text, source text, event_id text, data jsonb, before jsonb, after jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
 entry entries;
 previous bytea;
BEGIN
 INSERT INTO chains AS c (tenant_id, sequence, recorded_at, hash) VALUES ({TENANT}, 1, clock_timestamp(), {NOTHING})
  ON CONFLICT (tenant_id) DO UPDATE SET sequence = c.sequence + 1, recorded_at = greatest(clock_timestamp(), c.recorded_at)
  RETURNING c.tenant_id, c.sequence, c.recorded_at, c.hash INTO entry.tenant_id, entry.sequence, entry.recorded_at, previous;
 entry.at := least(happened_at, entry.recorded_at);
 entry.actor_id := actor_id;
 entry.impersonator_id := impersonator_id;
 entry.action := action;
 entry.resource_type := resource_type;
 entry.resource_id := resource_id;
 entry.correlation_id := nullif(correlation_id, '');
 entry.source := source;
 entry.event_id := event_id;
 entry.data := data;
 entry.before := before;
 entry.after := after;
 entry.hash := entry_hash(previous, entry);
 PERFORM make_partition(entry.recorded_at);
 INSERT INTO entries VALUES (entry.*);
 UPDATE chains c SET hash = entry.hash WHERE c.tenant_id = entry.tenant_id;
 RETURN entry.sequence;
END $$"""


def upgrade() -> None:
    """Add the columns; entries from before have none of them, and keep their hashes."""
    changes_table()
    impersonators()
    op.execute("ALTER TABLE entries ADD impersonator_id uuid, ADD before jsonb, ADD after jsonb")
    op.execute("CREATE INDEX entries_impersonator ON entries (tenant_id, impersonator_id, at DESC, sequence DESC)"
               " WHERE impersonator_id IS NOT NULL")
    op.execute(f"DROP FUNCTION {OLD}")
    op.execute(ENTRY_JSON)
    op.execute(APPEND_ENTRY)
    op.execute(f"REVOKE ALL ON FUNCTION {NEW} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {NEW} TO {APP}")
