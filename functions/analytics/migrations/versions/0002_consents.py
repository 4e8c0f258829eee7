"""Who has agreed that their use is counted, as the users service has said it."""
import sqlalchemy as sa

from shared.db.migration import tenant_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nobody has before they have said so. Nothing leads from here to an event: those name visitors, these people."""
    tenant_table("consents", sa.Column("user_id", sa.Uuid, nullable=False), sa.Column("granted", sa.Boolean, nullable=False),
                 sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
                 sa.PrimaryKeyConstraint("tenant_id", "user_id"), key=False)
