"""The pages from which a registered app calls."""

from functools import partial

from functions.city.apps.tables import App
from shared import cors
from shared.context import Context
from shared.remembered import forget


def forget_origins(ctx: Context, app: App) -> None:
    """Let every function ask anew, after the commit, whether these pages may call; without Redis they do
    within a minute.
    """
    for origin in app.origins:
        ctx.after_commit(partial(forget, cors.key(origin)))
