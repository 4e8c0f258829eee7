"""Erase what the chatbot service holds about a person whose time is up, or of a city that is gone, vectors
and files too.
"""

from events.privacy import CityDeleted, CityErased, UserDeleted, UserErased
from functions.chatbot.forgetting import forget_tenant
from functions.chatbot.models import MODELS
from shared.function import Context, on
from shared.keeping import erased


@on(UserDeleted, CityDeleted, emits=[UserErased, CityErased], timeout=300)
def erase_chatbot_data(ctx: Context, event: UserDeleted | CityDeleted) -> None:
    if isinstance(event, CityDeleted):
        forget_tenant(ctx)
    ctx.emit(erased(ctx, event, MODELS))
