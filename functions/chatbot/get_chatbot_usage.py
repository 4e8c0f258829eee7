"""What a city has used of the quotas that are counted here: questions of this month, bytes of documents."""

from shared import quotas
from shared.function import Context, Json, http


@http.get("/api/internal/chatbot/usage", internal=True)
def get_chatbot_usage(ctx: Context) -> Json[dict[str, int]]:
    return quotas.used(ctx)
