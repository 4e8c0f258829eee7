"""Change a city's facts, languages, modules or colours; its slug stays."""

from events.city import CityUpdated
from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityChanges, CityName, CityOut, Theme
from functions.city.cities.directory import enter_city
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.contrast import ContrastTooLow


@http.patch("/api/cities/{city}", emits=[CityUpdated], raises=[NotFound, ContrastTooLow], versioned=True)
@requires("cities:update")
def update_city(ctx: Context, city: CityName, changes: CityChanges) -> CityOut:
    row = enter_city(ctx, city)
    ctx.refuse_outdated(row, "city")
    row.change(changes.model_dump(exclude_unset=True), at=ctx.now)
    if changes.theme:
        Theme.model_validate(row.theme).check()  # what it has become: colours that are left out stay
    make_known(ctx, ctx.tenant)
    ctx.emit(
        CityUpdated(
            city_id=row.id, slug=row.slug, name=row.name, languages=row.languages, features=row.features
        )
    )
    ctx.flush()
    return CityOut.model_validate(row)
