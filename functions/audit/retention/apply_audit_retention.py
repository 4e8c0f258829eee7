"""Drop the months of the log that ended more than seven years ago (requirements §12.7); the chain goes on
from its last hash.
"""

import logging

from shared.db.relay_role import ask
from shared.function import Context, tick

log = logging.getLogger("heidi.audit")


@tick("37 2 * * *", timeout=300)
def apply_audit_retention(ctx: Context) -> None:
    while ask(ctx.record.database, "SELECT drop_expired_partition()") == [[True]]:
        log.info("a month of entries is older than seven years and was dropped")
