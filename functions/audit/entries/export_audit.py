"""Export a city's log of a period, oldest first, as CSV or JSON; it is sent while it is read, whatever its
size.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from functions.audit.entries.entry import PeriodTooLong, Since, Until
from functions.audit.entries.export_formats import as_csv, as_json, batches
from shared.function import Context, Response, http, requires

Format = Annotated[
    Literal["csv", "json"],
    Field(
        description="`json` is an object with `entries` and, last, `count`; "
        "`csv` ends with a line that says `end` and that number. What has no such end was cut off on the way."
    ),
]


@http.get("/api/audit/export", raises=[PeriodTooLong], timeout=600)
@requires("audit:read")
def export_audit(ctx: Context, from_: Since, to: Until | None = None, format: Format = "csv") -> Response:
    until = to or ctx.now
    if not timedelta() < until - from_ <= timedelta(days=366):
        raise PeriodTooLong
    written = (as_csv if format == "csv" else as_json)(batches(ctx, from_, until))
    name = f"audit-{ctx.tenant.slug}-{from_:%Y%m%d}-{until:%Y%m%d}.{format}"
    return Response(
        200,
        written,
        "text/csv; charset=utf-8" if format == "csv" else "application/json",
        {"Content-Disposition": f'attachment; filename="{name}"'},
    )
