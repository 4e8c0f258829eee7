"""The SQL of the media that wait for somebody: in all cities, then in one."""

ORPHAN = """(state = 'requested' AND created_at < :announced
 OR attached = 0 AND state IN ('ready', 'refused') AND greatest(updated_at, used_at) < :unused)"""
HAVE_ORPHANS = f"SELECT DISTINCT tenant_id::text FROM media WHERE {ORPHAN} ORDER BY 1"
FORGET = f"""DELETE FROM media WHERE tenant_id = :tenant AND id IN (
  SELECT id FROM media WHERE tenant_id = :tenant AND {ORPHAN} ORDER BY id LIMIT 1000)
 RETURNING id, CASE WHEN state = 'refused' THEN 0 ELSE size END"""
WAITS = "(state = 'scanning' OR state = 'uploaded' AND created_at > :given_up) AND updated_at < :before"
HAVE_WAITING = f"SELECT DISTINCT tenant_id::text FROM media WHERE {WAITS} ORDER BY 1"
AGAIN = f"""UPDATE media SET updated_at = :now WHERE tenant_id = :tenant AND id IN (
  SELECT id FROM media WHERE tenant_id = :tenant AND {WAITS} ORDER BY updated_at LIMIT 100) RETURNING id"""
