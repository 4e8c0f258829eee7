"""Which documents a chatbot knew, and in which form, is in the audit."""
from shared.db.migration import shown_too

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From now on."""
    shown_too("documents", "title", "url", "digest")
