"""List the events that could not be delivered, of all cities, the newest first."""

from typing import Annotated

from pydantic import Field

from functions.platform.dead_letters.dead_letter import DeadLetterOut
from functions.platform.dead_letters.queries import PAGE
from shared.db import relay_role
from shared.function import Context, Json, http, requires
from shared.kit.paging import Cursor, CursorInvalid, Limit, decode
from shared.schema import Page

Name = Annotated[str, Field(max_length=63, description="the function that did not take the event")]
Waiting = Annotated[bool, Field(description="only those that have not been delivered since")]


@http.get("/api/platform/dead-letters", tenantless=True, raises=[CursorInvalid])
@requires("platform:read")
def list_dead_letters(
    ctx: Context,
    limit: Limit = 50,
    cursor: Cursor | None = None,
    function: Name | None = None,
    *,
    waiting: Waiting = True,
) -> Json[Page[DeadLetterOut]]:
    time, last = decode(cursor) if cursor else (None, None)
    [[page]] = relay_role.ask(
        ctx.record.database, PAGE, function=function, waiting=waiting, time=time, last=last, limit=limit
    )
    return Json(page.encode())
