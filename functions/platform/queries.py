"""The SQL of the relay role: what waits in every service's database, for all tenants."""

from events.audit import EntityChanged

DATABASES = """SELECT datname FROM pg_database WHERE starts_with(datname, :prefix) AND datallowconn
 AND has_database_privilege(datname, 'CONNECT') ORDER BY datname"""
HAS_OUTBOX = "SELECT to_regclass('public.outbox') IS NOT NULL AND to_regclass('public.inbox') IS NOT NULL"
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('heidi.sweep'))"
COLUMNS = "id, source, type, time, tenant_id, correlation_id, actor_id, traceparent, impersonator_id, data"
WAITING = f"""SELECT {COLUMNS} FROM outbox
 WHERE written_at < now() - make_interval(secs => :age) AND id > CAST(:after AS uuid) ORDER BY id LIMIT 500"""
CHANGED = f"""SELECT id, '/heidi/' || :service || '/changes', '{EntityChanged.type()}', at, tenant_id,
  coalesce(who->>'correlation', ''), coalesce(who->>'actor', ''), coalesce(who->>'traceparent', ''),
  coalesce(who->>'impersonator', ''), json_build_object('entity', entity, 'entityId', entity_id, 'change', change,
   'fields', fields, 'before', before, 'after', after, 'function', coalesce(who->>'function', ''))::text
 FROM changes WHERE at < now() - make_interval(secs => :age) AND id > CAST(:after AS bigint) ORDER BY id LIMIT 500"""
FORGET_CHANGES = "DELETE FROM changes WHERE id = ANY(CAST(:ids AS bigint[]))"
EXPIRING = r"""SELECT quote_ident(tablename), quote_ident(substring(qual FROM '^\((\w+) <')) FROM pg_policies
 WHERE schemaname = 'public' AND policyname = 'prune'"""
PRUNE = """WITH gone AS (DELETE FROM {table} WHERE {column} <= (
  SELECT max(at) FROM (SELECT {column} AS at FROM {table} ORDER BY 1 LIMIT 5000) oldest) RETURNING 1) SELECT count(*) FROM gone"""
OUTBOX_SIZE = """SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) waiting),
 coalesce(extract(epoch FROM clock_timestamp() - (SELECT written_at FROM outbox ORDER BY id LIMIT 1)), 0)::float"""
BUILDS = """SELECT platform, status, count(*) FROM builds WHERE finished_at IS NULL OR finished_at > now() - interval '24 hours'
 GROUP BY 1, 2 ORDER BY 1, 2"""
BUILD_QUEUE = """SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM builds
 WHERE finished_at IS NULL AND status = 'queued'"""
BUILD_DURATIONS = """SELECT platform, array_agg(extract(epoch FROM finished_at - created_at)::float) FROM builds
 WHERE status = 'completed' AND finished_at > now() - interval '24 hours' GROUP BY 1 ORDER BY 1"""
SESSIONS = "SELECT count(*) FROM (SELECT FROM sessions WHERE revoked_at IS NULL AND expires_at > now() LIMIT 1000000) open"
DELIVERIES = """SELECT channel, state, count(*) FROM deliveries WHERE created_at > now() - interval '1 hour'
 GROUP BY 1, 2 ORDER BY 1, 2"""
COUNTS_BYTES = """SELECT to_regclass('public.usage') IS NOT NULL
 AND has_column_privilege(current_user, to_regclass('public.usage'), 'used', 'SELECT')"""
STORED = "SELECT tenant_id, used FROM usage WHERE kind = 'storage_bytes'"
DEAD_LETTERS = """SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM dead_letters
 WHERE delivered_at IS NULL"""
