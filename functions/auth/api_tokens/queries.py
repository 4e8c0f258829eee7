"""The SQL of API tokens: what is asked for every call must do without the ORM."""

RESOLVE = """SELECT t.id, a.id, a.roles, t.scopes, t.expires_at
 FROM api_tokens t JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
 WHERE t.tenant_id = :tenant AND t.token_hash = :hash AND t.revoked_at IS NULL AND a.state = 'active'"""
USED = """UPDATE api_tokens SET used_at = :now WHERE tenant_id = :tenant AND token_hash = :hash
 AND (used_at IS NULL OR used_at < CAST(:now AS timestamptz) - interval '1 minute')"""
OPEN = "SELECT token_hash FROM api_tokens WHERE tenant_id = :tenant AND account_id = :account AND revoked_at IS NULL"
REVOKE_ALL = """UPDATE api_tokens SET revoked_at = :now
 WHERE tenant_id = :tenant AND account_id = :account AND revoked_at IS NULL RETURNING token_hash"""
REVOKE = """UPDATE api_tokens SET revoked_at = :now
 WHERE tenant_id = :tenant AND account_id = :account AND id = :id AND revoked_at IS NULL RETURNING token_hash"""
