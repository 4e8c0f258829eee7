"""Send an event again to the function that did not take it; what it has done already it will not do twice."""

from uuid import UUID

from functions.platform.dead_letters.dead_letter import AlreadyDelivered, Replay
from functions.platform.dead_letters.delivery import send_again
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/platform/dead-letters/{letter_id}/replay",
    tenantless=True,
    timeout=60,
    raises=[NotFound, AlreadyDelivered],
)
@requires("platform:operate")
def replay_dead_letter(ctx: Context, letter_id: UUID) -> Replay:
    return send_again(ctx, letter_id)
