"""Take the visitor and the time of day out of what is older than two years, in every city."""

from functions.analytics.queries import ANONYMISE
from shared.db.relay_role import ask
from shared.function import Context, tick

SLICE = 5000  # rows in one transaction: none of them is locked for long


@tick("19 2 * * *", timeout=600)
def anonymise_analytics(ctx: Context) -> None:
    while ask(ctx.record.database, ANONYMISE, slice=SLICE) != [[0]]:
        continue
