"""In which state a city lies, and which holidays are its own."""
from alembic import op

from shared.db.migration import shown_too

revision = "0011"
down_revision = "0010"

EDITED = ("name", "state", "population", "lat", "lon", "time_zone", "languages", "features", "theme", "contact", "website",
          "second_factor", "federal_state", "holiday_groups", "own_holidays")


def upgrade() -> None:
    """None has said so yet; what several people may edit is counted with it."""
    op.execute("""ALTER TABLE cities ADD federal_state text, ADD holiday_groups text[] NOT NULL DEFAULT '{}',
     ADD own_holidays jsonb NOT NULL DEFAULT '[]'""")
    old, new = (", ".join(f"{side}.{column}" for column in EDITED) for side in ("OLD", "NEW"))
    op.execute("DROP TRIGGER versioned ON cities")
    op.execute(f"CREATE TRIGGER versioned BEFORE UPDATE ON cities FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))"
               " EXECUTE FUNCTION count_version()")
    shown_too("cities", "federal_state", "holiday_groups", "own_holidays")
