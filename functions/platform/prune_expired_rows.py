"""Delete the rows whose time is up: a table's own policy says after how long that is (shared/db/migration.py:
expires).
"""

from functions.platform.outbox_relay import TROUBLE, databases, prune, report
from shared.function import Context, tick


@tick("23 * * * *", timeout=300)
def prune_expired_rows(ctx: Context) -> None:  # noqa: ARG001 (every function is given one)
    for database in databases():
        try:
            prune(database)
        except TROUBLE as error:
            report(database, error)
