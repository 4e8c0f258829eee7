"""Check a run of the log's entries, and name the first that was changed, removed or added behind the
platform's back.
"""

from typing import Annotated

from pydantic import Field

from functions.audit.chain.chain import ChainOut, Run
from functions.audit.entries.entry import Sequence
from functions.audit.entries.queries import VERIFY
from shared.function import Context, http, requires

Many = Annotated[
    int, Field(ge=1, le=50_000, description="entries per call, 1 to 50,000; `next` is where to go on")
]


@http.get("/api/audit/verify")
@requires("audit:read")
def verify_audit_chain(ctx: Context, from_: Sequence = 1, limit: Many = 10_000) -> ChainOut:
    [row] = ctx.sql.run(VERIFY, tenant=ctx.tenant.id, first=from_, limit=limit)
    return Run(*row).report(limit)
