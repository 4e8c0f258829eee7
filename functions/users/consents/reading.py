"""What counts of all that a person has said."""
from sqlalchemy import select

from functions.users.consents.tables import ConsentEntry
from shared.context import Context


def current(ctx: Context) -> dict[str, ConsentEntry]:
    """The caller's newest entry of each purpose."""
    newest = select(ConsentEntry).where(ConsentEntry.user_id == ctx.user_id).distinct(ConsentEntry.purpose).order_by(
        ConsentEntry.purpose, ConsentEntry.created_at.desc(), ConsentEntry.id.desc())
    return {entry.purpose: entry for entry in ctx.db.scalars(newest)}
