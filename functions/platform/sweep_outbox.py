"""Publish the events that a crash or an absent broker left behind in the services' outboxes."""
import logging

from functions.platform.relay import TROUBLE, BrokerAway, Courier, databases, report, sweep
from shared.function import Context, tick

log = logging.getLogger("heidi.relay")


@tick("*/10 * * * * *", timeout=60)
def sweep_outbox(ctx: Context) -> None:  # noqa: ARG001 (every function is given one)
    with Courier() as courier:
        for database in databases():
            if not swept(database, courier):
                break


def swept(database: str, courier: Courier) -> bool:
    """Sweep one database; whether it is worth going on to the next."""
    try:
        sent = sweep(database, courier)
    except BrokerAway as away:
        log.warning("the broker takes no events; they stay in the outbox", extra={"context": {"problem": str(away)}})
        return False
    except TROUBLE as error:
        report(database, error)
    else:
        if sent:
            log.info("events were left behind and are published now", extra={"context": {"database": database, "events": sent}})
    return True
