"""The SQL of sessions: one statement each, so that concurrent calls cannot come between.

A session's id is in its refresh tokens; its access tokens carry `access_id`, which changes when they must end
early and the session goes on, for instance because the person's roles have changed.
"""

FIND = """SELECT id, password_hash, state, second_factor_at IS NOT NULL FROM accounts
 WHERE tenant_id = :tenant AND email = :email"""
KNOWN = "SELECT password_hash, coalesce(email, ''), name FROM accounts WHERE tenant_id = :tenant AND id = :account"
START = """WITH who AS (SELECT id, name, roles, second_factor_at IS NOT NULL AS has_factor, kind FROM accounts
  WHERE tenant_id = :tenant AND id = :account AND state = 'active' AND password_hash IS NOT DISTINCT FROM CAST(:hash AS text)
   AND (second_factor_at IS NULL OR :proven) FOR SHARE),
 made AS (INSERT INTO sessions (id, tenant_id, account_id, access_id, refresh_id, rotated_at, user_agent,
   created_at, used_at, expires_at)
  SELECT :id, :tenant, who.id, :access_id, :refresh_id, :now, :user_agent, :now, :now, :expires FROM who RETURNING id)
 SELECT who.name, who.roles, who.has_factor, who.kind FROM who, made"""
ROTATE = """UPDATE sessions
 SET previous_id = refresh_id, refresh_id = :next, rotated_at = :now, used_at = :now, expires_at = :expires
 WHERE tenant_id = :tenant AND id = :id AND refresh_id = :presented AND revoked_at IS NULL
 RETURNING account_id, access_id, refresh_id, rotated_at"""
READ = """SELECT account_id, access_id, refresh_id, rotated_at, previous_id FROM sessions
 WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL"""
PERSON = """SELECT name, roles, second_factor_at IS NOT NULL, kind FROM accounts
 WHERE tenant_id = :tenant AND id = :account AND state = 'active'"""
END = """UPDATE sessions SET revoked_at = :now WHERE tenant_id = :tenant AND account_id = :account AND revoked_at IS NULL"""
END_ALL = f"{END} RETURNING id, access_id"
END_THIS = f"{END} AND access_id = :access_id RETURNING id, access_id"
END_OTHERS = f"{END} AND access_id <> :access_id RETURNING id, access_id"
END_ONE = f"{END} AND id = :id RETURNING id, access_id"
RENEW_ACCESS = """UPDATE sessions s SET access_id = gen_random_uuid() FROM (SELECT id, access_id FROM sessions
  WHERE tenant_id = :tenant AND account_id = :account AND revoked_at IS NULL FOR UPDATE) old
 WHERE s.id = old.id AND s.tenant_id = :tenant RETURNING old.access_id"""
ME = """SELECT email, name, language, kind, second_factor_at IS NOT NULL FROM accounts
 WHERE tenant_id = :tenant AND id = :account AND state = 'active'"""
PURGE = "DELETE FROM sessions WHERE coalesce(revoked_at, expires_at) < :before"
