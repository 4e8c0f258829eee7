"""Say how much waits in the services' databases, for all cities together, as Prometheus reads it."""

from functions.platform.gauges import measurements
from shared.function import Context, Response, http
from shared.telemetry.metrics import TEXT, exposition


@http.get("/api/internal/metrics", internal=True, tenantless=True, min_scale=1)
def get_platform_metrics(ctx: Context) -> Response:  # noqa: ARG001 (every function is given one)
    return Response(200, exposition(measurements()), TEXT)
