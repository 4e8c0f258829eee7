"""What a city has used of the quotas that are counted here: bytes of photos."""

from shared import quotas
from shared.function import Context, Json, http


@http.get("/api/internal/users/usage", internal=True)
def get_users_usage(ctx: Context) -> Json[dict[str, int]]:
    return quotas.used(ctx)
