"""The SQL of impersonations that end: one statement each, so that of two that end one only one says so."""

STOP = """UPDATE impersonations SET stopped_at = :now WHERE tenant_id = :tenant AND id = :id AND stopped_at IS NULL
 RETURNING id, user_id, impersonator_id"""
STOP_ALL = """UPDATE impersonations SET stopped_at = :now
 WHERE tenant_id = :tenant AND user_id = :user AND stopped_at IS NULL AND ends_at > :now RETURNING id"""
