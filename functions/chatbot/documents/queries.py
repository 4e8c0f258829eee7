"""The SQL of the documents that wait for somebody: in all cities, then in one; and of what one waits for."""

WAITS = """(state IN ('requested', 'received', 'chunked') AND updated_at < :stuck
 OR state = 'ready' AND embedded IS DISTINCT FROM CAST(:mark AS text) AND updated_at < :better)"""
HAVE_WAITING = f"SELECT DISTINCT tenant_id::text FROM documents WHERE {WAITS} ORDER BY 1"
WAITING = f"""SELECT id FROM documents WHERE tenant_id = :tenant AND {WAITS} ORDER BY updated_at LIMIT :limit
 FOR UPDATE SKIP LOCKED"""
WAITS_FOR = """UPDATE documents SET problem = :problem, why = CAST(:why AS jsonb) WHERE id = :id AND state = 'requested'
 AND problem IS DISTINCT FROM :problem"""
