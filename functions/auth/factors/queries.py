"""The SQL of second factors: one statement each, so that a code cannot be used twice at the same moment."""

ENROL = """INSERT INTO second_factors (id, tenant_id, account_id, pending) VALUES (:id, :tenant, :account, :pending)
 ON CONFLICT (tenant_id, account_id) DO UPDATE SET pending = excluded.pending, updated_at = now()"""
PENDING = "SELECT pending FROM second_factors WHERE tenant_id = :tenant AND account_id = :account FOR UPDATE"
CONFIRM = """UPDATE second_factors SET secret = pending, pending = NULL, last_step = :step, updated_at = now()
 WHERE tenant_id = :tenant AND account_id = :account"""
IN_USE = "SELECT secret FROM second_factors WHERE tenant_id = :tenant AND account_id = :account AND secret IS NOT NULL"
USE_STEP = """UPDATE second_factors SET last_step = :step, secret = :resealed, updated_at = now()
 WHERE tenant_id = :tenant AND account_id = :account AND secret = :secret AND last_step < :step RETURNING 1"""
USE_RECOVERY_CODE = """DELETE FROM recovery_codes
 WHERE tenant_id = :tenant AND account_id = :account AND code_hash = :hash RETURNING 1"""
FORGET_RECOVERY_CODES = "DELETE FROM recovery_codes WHERE tenant_id = :tenant AND account_id = :account"
KEEP_RECOVERY_CODES = """INSERT INTO recovery_codes (id, tenant_id, account_id, code_hash)
 SELECT gen_random_uuid(), :tenant, :account, hash FROM unnest(CAST(:hashes AS bytea[])) hash"""
REMOVE = "DELETE FROM second_factors WHERE tenant_id = :tenant AND account_id = :account"
OWNER = "SELECT email, password_hash FROM accounts WHERE tenant_id = :tenant AND id = :account AND state = 'active'"
DOUBTED = """SELECT email, password_hash, second_factor_at IS NOT NULL FROM accounts
 WHERE tenant_id = :tenant AND id = :account AND state = 'active'"""
