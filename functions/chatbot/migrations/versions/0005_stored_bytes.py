"""The originals of documents count to what a city stores."""
from shared.db.migration import across_tenants, storage_told

revision = "0005"
down_revision = "0004"

COUNT = """INSERT INTO usage (tenant_id, kind, used)
 SELECT tenant_id, 'storage_bytes', sum(size) FROM documents WHERE size > 0 GROUP BY tenant_id"""


def upgrade() -> None:
    """Begin with what is there."""
    across_tenants(COUNT, "usage", "documents")
    storage_told()
