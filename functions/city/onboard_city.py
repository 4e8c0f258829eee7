"""Onboard a city: one call leaves a working tenant, whose first admin is invited."""
from events.city import CityOnboarded
from functions.city.city import CityExists, CityIn, CityOut
from functions.city.known import make_known
from functions.city.queries import CREATE
from shared.function import Context, Json, http, requires
from shared.ids import new_id
from shared.tenants import Tenant


@http.post("/api/cities", status=201, tenantless=True, emits=[CityOnboarded], raises=[CityExists])
@requires("cities:create")
def onboard_city(ctx: Context, city: CityIn) -> Json[CityOut]:
    tenant = Tenant(id=new_id(), slug=city.slug, name=city.name, languages=tuple(city.languages),
                    features=frozenset(city.features), time_zone=city.time_zone)
    ctx.enter(tenant)
    made = ctx.sql.json_or_none(
        CREATE, id=tenant.id, slug=city.slug, name=city.name, state=city.state, population=city.population,
        lat=city.location and city.location.lat, lon=city.location and city.location.lon, time_zone=city.time_zone,
        languages=city.languages, features=city.features, theme=city.theme.model_dump_json(),
        contact=city.contact.model_dump_json(exclude_none=True) if city.contact else None, website=city.website)
    if made is None:
        raise CityExists(slug=city.slug)
    make_known(ctx, tenant)
    ctx.emit(CityOnboarded(
        city_id=tenant.id, slug=city.slug, name=city.name, languages=city.languages, features=city.features,
        admin_email=city.admin.email, admin_name=city.admin.name, primary_color=city.theme.primary,
        secondary_color=city.theme.secondary))
    return made
