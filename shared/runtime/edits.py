"""Who has changed what meanwhile: asked of the audit when a write came too late, and only then."""

from urllib.parse import urlencode

import orjson

from shared.errors import Problem, VersionOutdated
from shared.peers import internal_calls

SECONDS = 2


def tell_who(problem: VersionOutdated) -> None:
    """Add the newest changes to the refusal: who, when, which fields; null where the audit does not answer.

    It hears of a change some seconds after it was made: the newest one may be missing.
    """
    if problem.about is None:
        return
    tenant, entity, entity_id = problem.about
    query = urlencode({"resourceType": entity, "resourceId": entity_id})
    try:
        found = internal_calls.ask(f"/api/internal/audit/changes?{query}", tenant, timeout=SECONDS)
    except Problem:
        return
    problem.details["changes"] = orjson.loads(memoryview(found))["items"] if found else None
