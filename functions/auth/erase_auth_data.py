"""Erase what the auth service holds about a person whose time is up, or of a city that is gone."""

from events.privacy import CityDeleted, CityErased, UserDeleted, UserErased
from functions.auth.models import MODELS
from shared.function import Context, on
from shared.personal_data import erased


@on(UserDeleted, CityDeleted, emits=[UserErased, CityErased], timeout=300)
def erase_auth_data(ctx: Context, event: UserDeleted | CityDeleted) -> None:
    ctx.emit(erased(ctx, event, MODELS))
