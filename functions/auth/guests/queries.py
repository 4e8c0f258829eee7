"""The SQL of guests."""
COME_BACK = """UPDATE guests g SET used_at = :now FROM accounts a
 WHERE g.tenant_id = :tenant AND g.secret_hash = :secret AND g.device_hash = :device
  AND a.tenant_id = :tenant AND a.id = g.account_id AND a.kind = 'guest' AND a.state = 'active' RETURNING a.id"""
TOUCH = "UPDATE guests SET used_at = :now WHERE tenant_id = :tenant AND account_id = :account"
IDLE = "SELECT tenant_id, account_id FROM guests ORDER BY used_at LIMIT 500"   # as the relay role, which sees only these
END = """WITH gone AS (DELETE FROM guests
  WHERE tenant_id = :tenant AND account_id = :account AND used_at < :before RETURNING account_id)
 UPDATE accounts a SET state = 'inactive', updated_at = :now FROM gone
 WHERE a.tenant_id = :tenant AND a.id = gone.account_id AND a.kind = 'guest' RETURNING a.id"""
