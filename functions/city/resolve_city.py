"""Find the city behind a host name, a slug or an id: what a frontend must know before it shows anything."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.city.city import named
from functions.city.queries import RESOLVED
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.schema import Schema
from shared.tenants import slug_of_host

Host = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z.:-]{1,260}$", description="host name with or without port, slug, or id")
]


class Resolved(Schema):
    """`active` is false for a city that is switched off; its calls answer 403 `TENANT_INACTIVE`."""

    id: UUID
    slug: str
    name: str
    active: bool
    languages: list[str]
    features: list[str]
    time_zone: str


@http.get("/api/cities/resolve", public=True, tenantless=True, raises=[NotFound])
def resolve_city(ctx: Context, host: Host) -> Json[Resolved]:
    found = ctx.sql.json_or_none(RESOLVED, **named(slug_of_host(host) or host))
    if found is None:
        raise NotFound("City", host)
    return found
