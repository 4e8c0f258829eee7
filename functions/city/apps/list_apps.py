"""List a city's registered apps, newest first, the revoked ones too."""

from sqlalchemy import select

from functions.city.apps.app import AppOut
from functions.city.apps.tables import App
from functions.city.cities.city import CityName
from functions.city.cities.directory import visit_city
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, CursorInvalid, Limit
from shared.schema import Page


@http.get("/api/cities/{city}/apps", raises=[NotFound, CursorInvalid])
@requires("cities:read")
def list_apps(ctx: Context, city: CityName, limit: Limit = 20, cursor: Cursor | None = None) -> Page[AppOut]:
    visit_city(ctx, city)
    return ctx.db.page(select(App), AppOut, limit, cursor)
