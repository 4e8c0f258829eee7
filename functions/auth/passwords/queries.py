"""The SQL of resets: one statement whether or not the address is known, and one open link per account."""

OWNER = "(SELECT a.language FROM accounts a WHERE a.tenant_id = :tenant AND a.id = account_id)"
ASK = f"""INSERT INTO password_resets (id, tenant_id, account_id, token_hash, expires_at, created_at)
 SELECT CAST(:id AS uuid), tenant_id, id, CAST(:token_hash AS bytea), CAST(:expires AS timestamptz), CAST(:now AS timestamptz)
 FROM accounts WHERE tenant_id = :tenant AND email = :email
 ON CONFLICT (tenant_id, account_id) DO UPDATE
  SET token_hash = excluded.token_hash, expires_at = excluded.expires_at, created_at = excluded.created_at
 RETURNING {OWNER}"""
# The account is held first, as by everyone who changes a password.
USE = """WITH whose AS (SELECT a.id FROM password_resets r JOIN accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
  WHERE r.tenant_id = :tenant AND r.token_hash = :token_hash AND r.expires_at > :now FOR UPDATE OF a)
 DELETE FROM password_resets r USING whose
 WHERE r.tenant_id = :tenant AND r.account_id = whose.id AND r.token_hash = :token_hash RETURNING r.account_id"""
OPEN = """SELECT a.email, a.name FROM password_resets r JOIN accounts a ON a.tenant_id = r.tenant_id AND a.id = r.account_id
 WHERE r.tenant_id = :tenant AND r.token_hash = :token_hash AND r.expires_at > :now"""
CANCEL = "DELETE FROM password_resets WHERE tenant_id = :tenant AND account_id = :account"
