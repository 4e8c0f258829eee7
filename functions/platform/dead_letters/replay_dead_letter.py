"""Send an event again to the function that did not take it; what it has done already it will not do twice."""

import logging
from uuid import UUID

from functions.platform.dead_letters.dead_letter import AlreadyDelivered, Replay
from functions.platform.dead_letters.delivery import deliver
from functions.platform.dead_letters.queries import OUTCOME, TAKE, WHOSE
from shared import relay
from shared.errors import NotFound
from shared.function import Context, http, requires

log = logging.getLogger("heidi.dead_letters")


@http.post(
    "/api/platform/dead-letters/{letter_id}/replay",
    tenantless=True,
    timeout=60,
    raises=[NotFound, AlreadyDelivered],
)
@requires("platform:operate")
def replay_dead_letter(ctx: Context, letter_id: UUID) -> Replay:
    owner = relay.ask(ctx.record.database, WHOSE, id=letter_id)
    if not owner:
        raise NotFound("Dead letter", letter_id)
    ctx.sql.enter(owner[0][0])
    function, attributes, data, delivered = ctx.sql.run(TAKE, id=letter_id)[0]
    if delivered:
        raise AlreadyDelivered
    outcome = deliver(function, attributes, data)
    log.info(
        "a dead letter was sent again",
        extra={"context": {"letter": str(letter_id), "function": function, "delivered": outcome.delivered}},
    )
    ctx.sql.run(
        OUTCOME,
        id=letter_id,
        status=outcome.status,
        answer=outcome.answer,
        now=ctx.now,
        delivered=ctx.now if outcome.delivered else None,
    )
    return outcome
