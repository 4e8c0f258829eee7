"""Photos count to what a city stores; one from before does when another takes its place."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import shown_too, storage_told, usage_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Count from now on."""
    usage_table()
    storage_told()
    op.add_column("profiles", sa.Column("photo_bytes", sa.BigInteger, nullable=False, server_default="0"))
    shown_too("profiles", "-photo_bytes")
