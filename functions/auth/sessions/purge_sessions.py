"""Delete the sessions of all cities that ended or expired more than 30 days ago."""

from datetime import timedelta

from functions.auth.sessions.queries import PURGE
from shared.db.relay_role import ask
from shared.function import Context, tick

KEPT = timedelta(days=30)


@tick("43 3 * * *", timeout=300)
def purge_sessions(ctx: Context) -> None:
    ask(ctx.record.database, PURGE, before=ctx.now - KEPT)
