"""A city's logo, which its mails show."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import shown_too

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """None has one yet."""
    op.add_column("cities", sa.Column("logo_key", sa.Text))
    op.add_column("cities", sa.Column("logo_bytes", sa.BigInteger, nullable=False, server_default="0"))
    shown_too("cities", "logo_key", "-logo_bytes")
