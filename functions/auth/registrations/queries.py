"""The SQL of registrations.

Every one is kept, whether or not the address has an account, so that nothing shows the difference; only the
mail does. Several may wait for one address: a stranger's neither replaces a person's own nor is completed by
it.
"""

OWNER = "(SELECT a.language FROM accounts a WHERE a.tenant_id = :tenant AND a.email = registrations.email)"
KEEP = f"""INSERT INTO registrations (
  id, tenant_id, email, name, password_hash, language, token_hash, expires_at, created_at, updated_at) VALUES (
  :id, :tenant, :email, :name, :password_hash, :language, :token_hash, :expires, :now, :now)
 RETURNING {OWNER}"""
WAITING = (
    "SELECT email, language FROM registrations WHERE tenant_id = :tenant AND id = :id AND expires_at > :now"
)
RENEW = f"""UPDATE registrations SET token_hash = :token_hash, updated_at = :now
 WHERE tenant_id = :tenant AND id = :id RETURNING {OWNER}"""
# All of the address are held in one order before they go: two links that are followed at once wait for each
# other.
COMPLETE = """WITH held AS (SELECT id FROM registrations WHERE tenant_id = :tenant AND email = (
   SELECT email FROM registrations r WHERE r.tenant_id = :tenant AND r.token_hash = :token_hash AND r.expires_at > :now
    AND NOT EXISTS (SELECT FROM accounts a WHERE a.tenant_id = :tenant AND a.email = r.email)) ORDER BY id FOR UPDATE),
 gone AS (DELETE FROM registrations r USING held WHERE r.tenant_id = :tenant AND r.id = held.id RETURNING r.*)
 SELECT email, name, password_hash, language FROM gone WHERE token_hash = :token_hash"""
