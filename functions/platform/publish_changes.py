"""Publish what the tables have noted of their own changes, for the audit."""

from events.audit import EntityChanged
from functions.platform.outbox_relay import CHANGES, Courier, databases, swept
from shared.function import Context, tick


@tick("*/1 * * * * *", timeout=60, emits=[EntityChanged])
def publish_changes(ctx: Context) -> None:  # noqa: ARG001 (every function is given one)
    with Courier() as courier:
        for database in databases():
            if swept(database, courier, 0, CHANGES) is None:
                break
