"""Report how often something happened in a city's apps, by day, week or month, as JSON or as a table."""

from functions.analytics.event import Name
from functions.analytics.queries import SERIES
from functions.analytics.report import (
    COLUMNS,
    LONGEST,
    By,
    First,
    Format,
    Last,
    PeriodOut,
    ReportOut,
    ReportTooLong,
    Subject,
)
from shared.function import Context, Response, http, requires
from shared.kit.spreadsheets import written


@http.get("/api/analytics/reports", raises=[ReportTooLong])
@requires("analytics:read")
def get_usage_report(
    ctx: Context,
    metric: Name,
    from_: First,
    to: Last,
    by: By = "day",
    subject: Subject = "",
    format: Format = "json",
) -> ReportOut | Response:
    if not 0 <= (to - from_).days < LONGEST:
        raise ReportTooLong
    rows = ctx.sql.run(
        SERIES, tenant=ctx.tenant.id, metric=metric, subject=subject, first=from_, last=to, by=by
    )
    if format == "csv":
        name = f"{metric}-{ctx.tenant.slug}-{from_:%Y%m%d}-{to:%Y%m%d}.csv"
        return Response(
            200,
            written([COLUMNS, *rows]),
            "text/csv; charset=utf-8",
            {"Content-Disposition": f'attachment; filename="{name}"'},
        )
    series = [
        PeriodOut(first_day=first, last_day=last, count=count, visitor_days=days)
        for first, last, count, days in rows
    ]
    return ReportOut(metric=metric, subject=subject, by=by, series=series)
