"""The log: one chain of entries per tenant, in monthly partitions, that nobody but the database itself writes."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import APP, RELAY, TENANT, grant, guard, platform_tables, tenant_table

revision = "0001"
down_revision = None

NOTHING = "decode(repeat('00', 32), 'hex')"  # what the first entry of a chain is linked to

# `recorded_at` never goes back within a chain, the event's own time (`at`) does, when an event arrives late. So the
# partitions go by `recorded_at`: the oldest ones hold the beginning of every chain and can be dropped without a hole.
ENTRIES = """
CREATE TABLE entries (
 tenant_id uuid NOT NULL, sequence bigint NOT NULL, recorded_at timestamptz NOT NULL, at timestamptz NOT NULL,
 actor_id uuid, action text NOT NULL, resource_type text NOT NULL, resource_id uuid, correlation_id text,
 source text NOT NULL, event_id text NOT NULL, data jsonb NOT NULL, hash bytea NOT NULL,
 PRIMARY KEY (tenant_id, sequence, recorded_at), CHECK (at <= recorded_at), CHECK (sequence > 0)
) PARTITION BY RANGE (recorded_at)"""
INDEXES = {"time": "", "actor": "actor_id, ", "action": "action, ", "type": "resource_type, ", "resource": "resource_id, "}

# What clients read is what is hashed. Absent is left out, so that a column that is added later changes no older hash.
ENTRY_JSON = """
CREATE FUNCTION entry_json(e entries) RETURNS jsonb LANGUAGE sql STABLE AS $$
 SELECT jsonb_strip_nulls(jsonb_build_object(
  'tenantId', e.tenant_id, 'sequence', e.sequence,
  'recordedAt', to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'actorId', e.actor_id, 'action', e.action, 'resourceType', e.resource_type, 'resourceId', e.resource_id,
  'correlationId', e.correlation_id, 'source', e.source, 'eventId', e.event_id, 'data', e.data))
$$"""
ENTRY_HASH = """
CREATE FUNCTION entry_hash(previous bytea, e entries) RETURNS bytea LANGUAGE sql STABLE AS $$
 SELECT sha256(previous || convert_to(entry_json(e)::text, 'UTF8'))
$$"""

# Whoever comes first holds the tenant's row in `chains` until its commit: the numbers have no gaps and no twins.
APPEND_ENTRY = f"""
CREATE FUNCTION append_entry(happened_at timestamptz, actor_id uuid, action text, resource_type text, resource_id uuid,
 correlation_id text, source text, event_id text, data jsonb) RETURNS bigint
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
 entry.action := action;
 entry.resource_type := resource_type;
 entry.resource_id := resource_id;
 entry.correlation_id := nullif(correlation_id, '');
 entry.source := source;
 entry.event_id := event_id;
 entry.data := data;
 entry.hash := entry_hash(previous, entry);
 PERFORM make_partition(entry.recorded_at);
 INSERT INTO entries VALUES (entry.*);
 UPDATE chains c SET hash = entry.hash WHERE c.tenant_id = entry.tenant_id;
 RETURN entry.sequence;
END $$"""

# The policies of `entries` do not hold for a partition that is asked by its own name: there, with none, nobody sees a row.
MAKE_PARTITION = """
CREATE FUNCTION make_partition(moment timestamptz) RETURNS boolean LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
 month timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
 name text := 'entries_' || to_char(month, 'YYYY_MM');
BEGIN
 IF to_regclass(name) IS NOT NULL THEN
  RETURN false;
 END IF;
 PERFORM pg_advisory_xact_lock(hashtext('heidi.audit.partitions'));
 IF to_regclass(name) IS NOT NULL THEN
  RETURN false;
 END IF;
 EXECUTE format('CREATE TABLE %I PARTITION OF entries FOR VALUES FROM (%L) TO (%L)', name, month AT TIME ZONE 'UTC',
  (month + interval '1 month') AT TIME ZONE 'UTC');
 EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
 EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
 RETURN true;
END $$"""
PREPARE_PARTITIONS = """
CREATE FUNCTION prepare_partitions() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
 SET lock_timeout = '10s' AS $$
 SELECT count(*) FILTER (WHERE make_partition(
  (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead)) AT TIME ZONE 'UTC'))
 FROM generate_series(0, 2) ahead
$$"""

# One whole month, and only one that ended seven years ago: whoever calls this decides nothing. The order, chains before entries,
# is that of append_entry, so that neither waits for the other.
DROP_EXPIRED = """
CREATE FUNCTION drop_expired_partition() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
 SET lock_timeout = '10s' AS $$
DECLARE
 oldest text := (SELECT min(c.relname::text) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'entries'::regclass);
 ended timestamptz := (to_date(right(oldest, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
 IF oldest IS NULL OR ended > now() - interval '7 years' THEN
  RETURN false;
 END IF;
 UPDATE chains c SET anchor_sequence = last.sequence, anchor_hash = last.hash
  FROM (SELECT DISTINCT ON (tenant_id) tenant_id, sequence, hash FROM entries
   WHERE recorded_at < ended ORDER BY tenant_id, sequence DESC) last
  WHERE last.tenant_id = c.tenant_id;
 EXECUTE format('DROP TABLE IF EXISTS %I', oldest);
 RETURN true;
END $$"""
CALLABLE = {
    "append_entry(timestamptz, uuid, text, text, uuid, text, text, text, jsonb)": APP, "entry_json(entries)": APP,
    "entry_hash(bytea, entries)": APP, "make_partition(timestamptz)": None, "prepare_partitions()": RELAY,
    "drop_expired_partition()": RELAY}


def upgrade() -> None:
    """Make the log. The app role reads it and appends through one function; it cannot write, change or delete an entry."""
    platform_tables()
    tenant_table("chains", sa.Column("sequence", sa.BigInteger, nullable=False),
                 sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
                 sa.Column("hash", sa.LargeBinary, nullable=False),
                 sa.Column("anchor_sequence", sa.BigInteger, nullable=False, server_default="0"),
                 sa.Column("anchor_hash", sa.LargeBinary, nullable=False, server_default=sa.text(NOTHING)),
                 sa.PrimaryKeyConstraint("tenant_id"), key=False, grants="SELECT")
    op.execute("ALTER TABLE chains SET (fillfactor = 50)")
    op.execute("CREATE POLICY retention ON chains TO CURRENT_USER USING (true)")
    op.execute(ENTRIES)
    guard("entries")
    grant("entries", "SELECT")
    op.execute("CREATE POLICY retention ON entries FOR SELECT TO CURRENT_USER USING (true)")
    for name, column in INDEXES.items():
        op.execute(f"CREATE INDEX entries_{name} ON entries (tenant_id, {column}at DESC, sequence DESC)")
    for function in (ENTRY_JSON, ENTRY_HASH, MAKE_PARTITION, APPEND_ENTRY, PREPARE_PARTITIONS, DROP_EXPIRED):
        op.execute(function)
    for signature, role in CALLABLE.items():
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        if role:
            op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {role}")
    op.execute("SELECT prepare_partitions()")
