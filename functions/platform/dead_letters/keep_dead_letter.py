"""Keep an event that the broker has given up, until somebody sends it again or 30 days have passed."""

import orjson

from functions.platform.dead_letters.dead_letter import MAX_BYTES, DeadLetter
from functions.platform.dead_letters.queries import KEEP
from shared.function import Context, http
from shared.kit.ids import new_id


@http.post("/api/internal/dead-letters", internal=True, tenantless=True, status=204, body_limit=MAX_BYTES)
def keep_dead_letter(ctx: Context) -> None:
    assert ctx.request is not None  # noqa: S101 (an HTTP function has one)
    letter = DeadLetter.of(ctx.request)
    said = letter.attributes
    ctx.sql.enter(letter.tenant)
    ctx.sql.run(
        KEEP,
        id=new_id(),
        tenant=letter.tenant,
        event=said.get("id") or str(new_id()),
        source=said.get("source", ""),
        type=said.get("type", ""),
        function=letter.function,
        status=letter.status,
        answer=letter.answer,
        attributes=orjson.dumps(said).decode(),
        data=letter.data,
        now=ctx.now,
    )
