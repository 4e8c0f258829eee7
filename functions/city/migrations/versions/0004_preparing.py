"""Until a city has published its imprint it prepares: its staff can work, nobody else sees it (DDG §5)."""
import sqlalchemy as sa
from alembic import op

from shared.db.migration import audited

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A city that has an imprint in its first language is open; the others are not, however long they have been there."""
    op.add_column("cities", sa.Column("preparing", sa.Boolean, nullable=False, server_default="true"))
    op.execute("""UPDATE cities SET preparing = NOT EXISTS (SELECT 1 FROM legal_texts t WHERE t.tenant_id = cities.id
      AND t.kind = 'imprint' AND t.language = cities.languages[1] AND t.published)""")
    op.execute("DROP TRIGGER audited ON cities")
    audited("cities", "slug", "state", "population", "time_zone", "languages", "features", "active", "preparing", "terms_version",
            "second_factor", "quotas", "deactivated_at", "deleted_at", "erased_at", "erased_from", entity="city")
