"""A city opens to everyone when it has published its imprint (DDG §5)."""

from events.city import CityOpened
from functions.city.cities.change_notice import make_known
from functions.city.cities.tables import City
from shared.context import Context


def open_to_all(ctx: Context, city: City) -> None:
    """Let everyone see a city that was preparing until now; nothing where it is open already."""
    if city.preparing:
        city.preparing, city.updated_at = False, ctx.now
        make_known(ctx, ctx.tenant)
        ctx.emit(CityOpened(city_id=city.id, slug=city.slug))
