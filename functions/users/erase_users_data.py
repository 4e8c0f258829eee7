"""Erase what the users service holds about a person whose time is up, files included."""
from events.privacy import UserDeleted, UserErased
from functions.users.files import remove_files
from functions.users.models import MODELS
from shared.function import Context, on
from shared.keeping import erased


@on(UserDeleted, emits=[UserErased], timeout=300)
def erase_users_data(ctx: Context, event: UserDeleted) -> None:
    remove_files(ctx, event.user_id)   # first: the rows say where they are
    ctx.emit(erased(ctx, event, MODELS))
