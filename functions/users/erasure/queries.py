"""The SQL of erasures. What the relay role asks (`EXPIRED`, `LATE`) says only in which city somebody's time
is up.
"""

EXPIRED = "SELECT tenant_id, id FROM profiles WHERE deleted_at <= :until ORDER BY deleted_at LIMIT 500"
LATE = "SELECT tenant_id, id FROM erasures WHERE completed_at IS NULL AND said_at <= :until ORDER BY said_at LIMIT 500"
BEGIN = """INSERT INTO erasures (id, tenant_id, said_at, created_at) SELECT id, tenant_id, CAST(:now AS timestamptz), :now
 FROM profiles WHERE tenant_id = :tenant AND id = :person AND deleted_at <= :until FOR UPDATE
 ON CONFLICT (id) DO NOTHING RETURNING id"""
REMIND = """UPDATE erasures SET said_at = :now
 WHERE tenant_id = :tenant AND id = :person AND completed_at IS NULL AND said_at <= :until RETURNING confirmed"""
CONFIRM = """INSERT INTO erasures AS e (id, tenant_id, said_at, created_at, confirmed)
 VALUES (:person, :tenant, :now, :now, ARRAY[CAST(:service AS text)])
 ON CONFLICT (id) DO UPDATE SET confirmed = array_append(array_remove(e.confirmed, :service), :service),
  completed_at = coalesce(e.completed_at, CASE WHEN array_append(e.confirmed, :service) @> CAST(:keepers AS text[])
    THEN CAST(:now AS timestamptz) END)"""
