"""Tell all services what a city stores in each: they have noted it themselves, but Redis may have lost it."""

from uuid import UUID

from functions.platform.outbox_relay import TROUBLE, databases, report, service_of
from functions.platform.queries import COUNTS_BYTES, STORED
from shared.db import relay_role
from shared.function import Context, tick
from shared.tenancy import stored_bytes


@tick("*/5 * * * *", timeout=60)
def gather_stored_bytes(ctx: Context) -> None:  # noqa: ARG001 (every function is given one)
    for database in databases():
        try:
            gather(database)
        except TROUBLE as error:
            report(database, error)


def gather(database: str) -> None:
    """Tell what the rows of one service say."""
    if relay_role.ask(database, COUNTS_BYTES)[0][0]:
        for tenant_id, used in relay_role.ask(database, STORED):
            stored_bytes.tell(UUID(str(tenant_id)), service_of(database), used)
