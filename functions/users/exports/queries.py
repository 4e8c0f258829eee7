"""The SQL of exports."""

RECORD = """UPDATE exports SET parts = parts || jsonb_build_object(CAST(:service AS text),
  jsonb_build_object('key', CAST(:key AS text), 'rows', CAST(:rows AS bigint)))
 WHERE tenant_id = :tenant AND id = :export AND user_id = :person RETURNING id"""
EXPIRED = "SELECT tenant_id, id FROM exports WHERE created_at <= :until ORDER BY created_at LIMIT 500"
