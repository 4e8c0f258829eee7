"""Who has agreed to advertising, and when they said so."""
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nobody has before they have said so (GDPR Art. 7(1))."""
    op.execute("ALTER TABLE recipients ADD marketing boolean NOT NULL DEFAULT false, ADD marketing_at timestamptz")
