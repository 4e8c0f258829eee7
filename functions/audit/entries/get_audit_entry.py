"""Read one entry of a city's log, by its number."""

from functions.audit.entries.entry import EntryOut, Sequence
from functions.audit.entries.queries import ONE
from shared.errors import NotFound
from shared.function import Context, Json, http, requires


@http.get("/api/audit/{entry_id}", raises=[NotFound])
@requires("audit:read")
def get_audit_entry(ctx: Context, entry_id: Sequence) -> Json[EntryOut]:
    found = ctx.sql.json_or_none(ONE, tenant=ctx.tenant.id, sequence=entry_id)
    if found is None:
        raise NotFound("AuditEntry", entry_id)
    return found
