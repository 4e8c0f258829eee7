"""Make the coming months' partitions of the log ahead of time; recording makes a missing one itself, but
waits for it.
"""

from shared.db.relay_role import ask
from shared.function import Context, tick


@tick("17 2 * * *", timeout=60)
def prepare_audit_partitions(ctx: Context) -> None:
    ask(ctx.record.database, "SELECT prepare_partitions()")
