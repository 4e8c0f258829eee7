"""Publish the events that a crash or an absent broker left behind in the services' outboxes."""

import logging

from functions.platform.outbox_relay import Courier, databases, swept
from shared.events.outbox import PATIENCE
from shared.function import Context, tick

log = logging.getLogger("heidi.relay")


@tick("*/10 * * * * *", timeout=60)
def sweep_outbox(ctx: Context) -> None:  # noqa: ARG001 (every function is given one)
    with Courier() as courier:
        for database in databases():
            sent = swept(database, courier, PATIENCE)
            if sent is None:
                break
            if sent:
                log.info(
                    "events were left behind and are published now",
                    extra={"context": {"database": database, "events": sent}},
                )
