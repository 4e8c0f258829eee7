"""Erase what the factory service holds about a person whose time is up."""
from events.privacy import UserDeleted, UserErased
from functions.factory.models import MODELS
from shared.function import Context, on
from shared.keeping import erased


@on(UserDeleted, emits=[UserErased], timeout=300)
def erase_factory_data(ctx: Context, event: UserDeleted) -> None:
    ctx.emit(erased(ctx, event, MODELS))
