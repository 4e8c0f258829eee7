"""The SQL of boundaries. The lock lets no listing be made beside a boundary that is just changing."""

GEOMETRY = "SELECT geometry::text FROM boundaries WHERE tenant_id = :tenant AND geometry IS NOT NULL"
SAVE = """INSERT INTO boundaries AS b (tenant_id, geometry, said_at) VALUES (:tenant, CAST(:geometry AS json), :said_at)
 ON CONFLICT (tenant_id) DO UPDATE SET geometry = excluded.geometry, said_at = excluded.said_at
  WHERE b.said_at < excluded.said_at RETURNING 1"""
PLACES = "SELECT id, lat, lon FROM listings WHERE tenant_id = :tenant AND lat IS NOT NULL AND lon IS NOT NULL"
FLAG = """UPDATE listings SET outside_boundary = x.outside
 FROM unnest(CAST(:ids AS uuid[]), CAST(:flags AS boolean[])) x(id, outside)
 WHERE tenant_id = :tenant AND listings.id = x.id AND outside_boundary IS DISTINCT FROM x.outside"""
UNFLAG = (
    "UPDATE listings SET outside_boundary = NULL WHERE tenant_id = :tenant AND outside_boundary IS NOT NULL"
)
