"""List the host names of a city's own, newest first."""

from sqlalchemy import select

from functions.city.cities.city import CityName
from functions.city.cities.directory import visit_city
from functions.city.domains.domain import DomainOut
from functions.city.domains.tables import Domain
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, CursorInvalid, Limit
from shared.schema import Page


@http.get("/api/cities/{city}/domains", raises=[NotFound, CursorInvalid])
@requires("cities:read")
def list_city_domains(
    ctx: Context, city: CityName, limit: Limit = 20, cursor: Cursor | None = None
) -> Page[DomainOut]:
    visit_city(ctx, city)
    return ctx.db.page(select(Domain), DomainOut, limit, cursor)
