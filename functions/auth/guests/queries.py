"""The SQL of guests. The account is held first, as by everyone who makes a person of a guest."""

COME_BACK = """WITH who AS (SELECT a.id FROM guests g JOIN accounts a ON a.tenant_id = g.tenant_id AND a.id = g.account_id
  WHERE g.tenant_id = :tenant AND g.secret_hash = :secret AND g.device_hash = :device
   AND a.kind = 'guest' AND a.state = 'active' FOR SHARE OF a)
 UPDATE guests g SET used_at = :now FROM who WHERE g.tenant_id = :tenant AND g.account_id = who.id RETURNING who.id"""
TOUCH = "UPDATE guests SET used_at = :now WHERE tenant_id = :tenant AND account_id = :account"
# as the relay role, which sees only these
IDLE = "SELECT tenant_id, account_id FROM guests ORDER BY used_at LIMIT 500"
END = """WITH held AS (SELECT id FROM accounts WHERE tenant_id = :tenant AND id = :account AND kind = 'guest' FOR UPDATE),
 gone AS (DELETE FROM guests g USING held
  WHERE g.tenant_id = :tenant AND g.account_id = held.id AND g.used_at < :before RETURNING g.account_id)
 UPDATE accounts a SET state = 'inactive', updated_at = :now FROM gone
 WHERE a.tenant_id = :tenant AND a.id = gone.account_id RETURNING a.id"""
