"""Find the city behind a host name, a slug or an id: what a frontend must know before it shows anything."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.city.cities.city import Status, any_named
from functions.city.cities.queries import RESOLVED
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.schema import Schema
from shared.tenancy.tenants import slug_of_host, without_port

Host = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z.:-]{1,260}$", description="host name with or without port, slug, or id")
]


class Resolved(Schema):
    """`active` is false for a city that is switched off; its calls answer 403 `TENANT_INACTIVE`.

    One that is `preparing` has no imprint yet: its staff log in and work, everyone else is answered 403
    `CITY_PREPARING`.
    """

    id: UUID
    slug: str
    name: str
    active: bool
    status: Status
    languages: list[str]
    features: list[str]
    time_zone: str


@http.get("/api/cities/resolve", public=True, tenantless=True, raises=[NotFound], min_scale=1)
def resolve_city(ctx: Context, host: Host) -> Json[Resolved]:
    found = ctx.sql.json_or_none(RESOLVED, **any_named(slug_of_host(host) or without_port(host)))
    if found is None:
        raise NotFound("City", host)
    return found
