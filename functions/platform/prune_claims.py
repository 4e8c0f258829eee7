"""Forget old claims: which events were handled (after 7 days) and which idempotency keys were used (after 24 hours)."""
from functions.platform.relay import TROUBLE, databases, prune, report
from shared.function import Context, tick


@tick("23 * * * *", timeout=300)
def prune_claims(ctx: Context) -> None:  # noqa: ARG001 (every function is given one)
    for database in databases():
        try:
            prune(database)
        except TROUBLE as error:
            report(database, error)
