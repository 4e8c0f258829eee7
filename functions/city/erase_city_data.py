"""Erase what the city service holds about a person whose time is up."""
from events.privacy import UserDeleted, UserErased
from functions.city.models import MODELS
from shared.function import Context, on
from shared.keeping import erased


@on(UserDeleted, emits=[UserErased], timeout=300)
def erase_city_data(ctx: Context, event: UserDeleted) -> None:
    ctx.emit(erased(ctx, event, MODELS))
