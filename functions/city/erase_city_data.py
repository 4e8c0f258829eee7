"""Erase what the city service holds about a person, or of a city that is gone; its row stays, so that nobody
gets its name.
"""

from events.privacy import CityDeleted, CityErased, UserDeleted, UserErased
from functions.city.models import MODELS
from shared.function import Context, on
from shared.personal_data import erased


@on(UserDeleted, CityDeleted, emits=[UserErased, CityErased], timeout=300)
def erase_city_data(ctx: Context, event: UserDeleted | CityDeleted) -> None:
    ctx.emit(erased(ctx, event, MODELS, except_for=("cities",)))
