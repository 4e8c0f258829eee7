"""What a city has used of the quotas that are counted here: builds of this month, bytes of artifacts."""

from shared import quotas
from shared.function import Context, Json, http


@http.get("/api/internal/factory/usage", internal=True)
def get_factory_usage(ctx: Context) -> Json[dict[str, int]]:
    return quotas.used(ctx)
