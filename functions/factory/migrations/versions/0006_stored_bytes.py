"""The artifacts of builds count to what a city stores."""
from shared.db.migration import across_tenants, storage_told

revision = "0006"
down_revision = "0005"

COUNT = """INSERT INTO usage (tenant_id, kind, used)
 SELECT tenant_id, 'storage_bytes', sum(artifact_bytes) FROM builds
 WHERE status = 'completed' AND artifact_bytes > 0 GROUP BY tenant_id"""


def upgrade() -> None:
    """Begin with what is there."""
    across_tenants(COUNT, "usage", "builds")
    storage_told()
