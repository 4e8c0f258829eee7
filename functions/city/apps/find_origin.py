"""Say whether a registered app is called from this origin; each function asks this before it lets a page
read.
"""

from typing import Annotated

from pydantic import Field

from shared.db import relay_role
from shared.errors import NotFound
from shared.function import Context, http
from shared.schema import Schema

Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.:\[\]-]{1,255}$")]
REGISTERED = "SELECT 1 FROM apps WHERE origins @> ARRAY[CAST(:origin AS text)] AND revoked_at IS NULL LIMIT 1"


class KnownOrigin(Schema):
    """An origin that some city's app has named."""

    origin: str


@http.get("/api/internal/city/origin", internal=True, tenantless=True, raises=[NotFound], min_scale=1)
def find_origin(ctx: Context, origin: Origin) -> KnownOrigin:
    if not relay_role.ask(ctx.record.database, REGISTERED, origin=origin):
        raise NotFound("Origin", origin)
    return KnownOrigin(origin=origin)
