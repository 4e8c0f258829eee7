"""Erase what the chatbot service holds about a person whose time is up, or of a city that is gone, vectors
and files too.
"""

from events.privacy import CityDeleted, CityErased, UserDeleted, UserErased
from functions.chatbot.models import MODELS
from functions.chatbot.outside_data import forget_tenant
from shared.function import Context, on
from shared.personal_data import erased


@on(UserDeleted, CityDeleted, emits=[UserErased, CityErased], timeout=300)
def erase_chatbot_data(ctx: Context, event: UserDeleted | CityDeleted) -> None:
    if isinstance(event, CityDeleted):
        forget_tenant(ctx)
    ctx.emit(erased(ctx, event, MODELS))
