"""The SQL of devices: an older event may arrive after a newer one, so a removed device leaves a row that says
when it was.

And of deliveries, where there are many at once.
"""

SAVE = """INSERT INTO devices AS d (id, tenant_id, user_id, device_id, platform, token, said_at, removed_at)
 VALUES (:id, :tenant, :user, :device, :platform, :token, CAST(:said_at AS timestamptz), CAST(:removed_at AS timestamptz))
 ON CONFLICT (tenant_id, user_id, device_id) DO UPDATE SET platform = excluded.platform, token = excluded.token,
  said_at = excluded.said_at, removed_at = excluded.removed_at, updated_at = now()
 WHERE d.said_at IS NULL OR d.said_at < excluded.said_at"""
LEAVE = """UPDATE devices d SET token = '', removed_at = :now WHERE d.tenant_id = :tenant AND d.token = :token
 AND EXISTS (SELECT FROM devices newer WHERE newer.tenant_id = d.tenant_id AND newer.token = d.token
  AND newer.user_id <> d.user_id AND newer.said_at > coalesce(d.said_at, '-infinity'))"""
KNOWN = "SELECT 1 FROM recipients WHERE id = :id"
ADMINS = "SELECT id FROM recipients WHERE active AND roles && CAST(:roles AS text[])"
KEEP = """INSERT INTO deliveries (id, tenant_id, notification_id, channel, template, kind, user_id, state, due_at, attempts,
  expires_at, request, created_at)
 SELECT :id, :tenant, d.notification, d.channel, :template, :kind, :user, 'waiting', :now, 0, :until, CAST(:request AS jsonb),
  :now
 FROM (SELECT CAST(:notification AS uuid) AS notification, CAST(:channel AS text) AS channel) d
 WHERE NOT EXISTS (SELECT FROM deliveries o WHERE o.tenant_id = :tenant AND o.notification_id = d.notification
  AND o.channel = d.channel)"""
SENT = """UPDATE deliveries SET state = 'sent', reason = NULL, due_at = NULL, request = NULL,
  reached = reached || CAST(:reached AS text[])
 WHERE id = :id AND state = 'sending' RETURNING notification_id, channel, template, user_id"""
MARK = """UPDATE deliveries SET state = 'sending', due_at = CAST(:lease AS timestamptz), attempts = attempts + 1
 WHERE id = ANY(CAST(:ids AS uuid[]))"""
