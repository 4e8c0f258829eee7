"""The SQL of boundaries."""

READ = "SELECT geometry::text FROM boundaries WHERE tenant_id = :tenant"
REMOVE = "DELETE FROM boundaries WHERE tenant_id = :tenant"
SAVE = """INSERT INTO boundaries (id, tenant_id, geometry, created_at, updated_at) VALUES (:id, :tenant, :geometry, :now, :now)
 ON CONFLICT (tenant_id) DO UPDATE SET geometry = excluded.geometry, updated_at = excluded.updated_at"""
