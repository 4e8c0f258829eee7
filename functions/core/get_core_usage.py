"""What a city has used of the quotas that are counted here: listings and stored bytes."""

from shared import quotas
from shared.function import Context, Json, http


@http.get("/api/internal/core/usage", internal=True)
def get_core_usage(ctx: Context) -> Json[dict[str, int]]:
    return quotas.used(ctx)
