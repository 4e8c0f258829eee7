"""A city's header image counts to what it stores; one from before does when another takes its place."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import shown_too, storage_told, usage_table

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Count from now on."""
    usage_table()
    storage_told()
    op.add_column("cities", sa.Column("header_bytes", sa.BigInteger, nullable=False, server_default="0"))
    shown_too("cities", "-header_bytes")
