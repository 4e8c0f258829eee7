"""The SQL of dead letters. Operators read all cities' as the relay role; they are written under the city's
own tenant.
"""

from shared.kit.timestamps import timestamp_sql

KEEP = """INSERT INTO dead_letters (id, tenant_id, event_id, source, type, function, status, answer, attributes, data, created_at)
 VALUES (:id, :tenant, :event, :source, :type, :function, :status, :answer, CAST(:attributes AS jsonb), :data, :now)
 ON CONFLICT (tenant_id, source, event_id, function) DO UPDATE
  SET status = excluded.status, answer = excluded.answer, delivered_at = NULL"""
SHOWN = f"""json_build_object('id', id, 'tenantId', tenant_id, 'eventId', event_id, 'source', source, 'type', type,
  'function', function, 'status', status, 'answer', answer,
  'diedAt', {timestamp_sql("created_at")},
  'deliveredAt', {timestamp_sql("delivered_at")})"""
PAGE = f"""WITH found AS (SELECT *, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM (
  SELECT id, tenant_id, event_id, source, type, function, status, answer, created_at, delivered_at FROM dead_letters
  WHERE (CAST(:function AS text) IS NULL OR function = :function) AND (NOT CAST(:waiting AS boolean) OR delivered_at IS NULL)
   AND (CAST(:time AS timestamptz) IS NULL OR (created_at, id) < (CAST(:time AS timestamptz), CAST(:last AS uuid)))
  ORDER BY created_at DESC, id DESC LIMIT CAST(:limit AS int) + 1) newest)
 SELECT json_build_object(
  'items', coalesce(json_agg({SHOWN} ORDER BY place) FILTER (WHERE place <= CAST(:limit AS int)), '[]'),
  'nextCursor', CASE WHEN count(*) > CAST(:limit AS int)
   THEN (SELECT (extract(epoch FROM created_at) * 1000000)::bigint || '.' || id
    FROM found WHERE place = CAST(:limit AS int)) END)::text FROM found"""
WHOSE = "SELECT tenant_id FROM dead_letters WHERE id = CAST(:id AS uuid)"
TAKE = (
    "SELECT function, attributes, data, delivered_at IS NOT NULL FROM dead_letters WHERE id = :id FOR UPDATE"
)
OUTCOME = """UPDATE dead_letters SET status = :status, answer = :answer, delivered_at = :delivered, updated_at = :now
 WHERE id = :id"""
