"""The SQL of devices: an older event may arrive after a newer one, so a removed device leaves a row that says when it was."""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('token:' || CAST(:tenant AS text) || CAST(:token AS text), 0))"
SAVE = """INSERT INTO devices AS d (id, tenant_id, user_id, device_id, platform, token, said_at, removed_at)
 VALUES (:id, :tenant, :user, :device, :platform, :token, CAST(:said_at AS timestamptz), CAST(:removed_at AS timestamptz))
 ON CONFLICT (tenant_id, user_id, device_id) DO UPDATE SET platform = excluded.platform, token = excluded.token,
  said_at = excluded.said_at, removed_at = excluded.removed_at, updated_at = now()
 WHERE d.said_at IS NULL OR d.said_at < excluded.said_at"""
LEAVE = """UPDATE devices d SET token = '', removed_at = :now WHERE d.tenant_id = :tenant AND d.token = :token
 AND EXISTS (SELECT FROM devices newer WHERE newer.tenant_id = d.tenant_id AND newer.token = d.token
  AND newer.user_id <> d.user_id AND newer.said_at > coalesce(d.said_at, '-infinity'))"""
