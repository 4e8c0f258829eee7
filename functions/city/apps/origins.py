"""The pages from which a registered app calls."""

from functools import partial

from functions.city.apps.tables import App
from shared.context import Context
from shared.peers.read_through import forget
from shared.runtime import cors


def forget_origins(ctx: Context, app: App) -> None:
    """Let every function ask anew, after the commit, whether these pages may call; without Redis they do
    within a minute.
    """
    for origin in app.origins:
        ctx.after_commit(partial(forget, cors.key(origin)))
