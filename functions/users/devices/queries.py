"""The SQL of devices."""

from shared.kit.timestamps import timestamp_sql

COLUMNS = f"""device_id AS "deviceId", platform, language, {timestamp_sql("created_at")} AS "createdAt",
 {timestamp_sql("updated_at")} AS "updatedAt" """
MINE = f"""SELECT json_build_object('items', coalesce(json_agg(row_to_json(x)), '[]'), 'nextCursor', null)::text
 FROM (SELECT {COLUMNS} FROM devices WHERE tenant_id = :tenant AND user_id = :user ORDER BY updated_at DESC, id DESC) x"""
GIVE_UP = """DELETE FROM devices WHERE tenant_id = :tenant AND platform = :platform AND token = :token
 AND NOT (user_id = :user AND device_id = :device) RETURNING user_id, device_id"""
REGISTER = f"""WITH made AS (
 INSERT INTO devices (id, tenant_id, user_id, device_id, platform, token, language, created_at, updated_at)
 VALUES (:id, :tenant, :user, :device, :platform, :token, :language, :now, :now)
 ON CONFLICT (tenant_id, user_id, device_id) DO UPDATE
  SET platform = excluded.platform, token = excluded.token, language = excluded.language, updated_at = excluded.updated_at
 RETURNING *)
SELECT row_to_json(x)::text FROM (SELECT {COLUMNS} FROM made) x"""
FORGET_OLDEST = """DELETE FROM devices WHERE tenant_id = :tenant AND id IN (
  SELECT id FROM devices WHERE tenant_id = :tenant AND user_id = :user ORDER BY updated_at DESC, id DESC OFFSET :most)
 RETURNING user_id, device_id"""
REMOVE = "DELETE FROM devices WHERE tenant_id = :tenant AND user_id = :user AND device_id = :device RETURNING device_id"
