"""Erase what the users service holds about a person whose time is up, files included, or of a city that is
gone.
"""

from events.privacy import CityDeleted, CityErased, UserDeleted, UserErased
from functions.users.files import remove_files
from functions.users.models import MODELS
from shared.function import Context, on
from shared.personal_data import erased


@on(UserDeleted, CityDeleted, emits=[UserErased, CityErased], timeout=300)
def erase_users_data(ctx: Context, event: UserDeleted | CityDeleted) -> None:
    if isinstance(event, UserDeleted):
        # first: the rows say where they are; a city's bucket is emptied as a whole
        remove_files(ctx, event.user_id)
    ctx.emit(erased(ctx, event, MODELS))
