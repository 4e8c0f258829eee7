"""docs/reference/access-matrix.md: which role may call which function."""

from collections.abc import Mapping

from shared.auth.rbac import ANONYMOUS, MATRIX, SCOPES
from shared.kit.record import Record
from tooling.generate.common import GENERATED, by_service

HEAD = f"""# Who may call what

{GENERATED} The roles' permissions are `shared/auth/rbac.py`, after the matrix of the requirements (§12.2).

● in every city · ○ in one's own city · – refused with 403 (401 without a token).
A city's module that is switched off answers 403 to everyone. Event and tick functions are called by the broker only and are
not listed.
"""


def render(records: Mapping[str, Record]) -> str:
    """A table per service."""
    tables = (
        table(service, [r for r in group if r.kind == "http"])
        for service, group in by_service(records.values()).items()
    )
    return HEAD + "".join(tables)


def table(service: str, records: list[Record]) -> str:
    """One service's functions by role."""
    if not records:
        return ""
    titles = [role.replace("_", " ") for role in MATRIX]
    rows = [["function", "needs", "module", *titles], ["---", "---", "---", *[":-:" for _ in titles]]]
    rows += [
        [f"`{r.name}`", str(r.access), r.feature or "", *[mark(r, role) for role in MATRIX]] for r in records
    ]
    return f"\n## {service}\n\n" + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def mark(record: Record, role: str) -> str:
    """Whether this role may call it, and where."""
    access = record.access
    if access.internal:
        return "–"
    allowed = access.public or (role != ANONYMOUS and (access.signed_in or access.permission in MATRIX[role]))
    if not allowed:
        return "–"
    return "●" if SCOPES[role] == "all_tenants" or access.public or record.tenantless else "○"
