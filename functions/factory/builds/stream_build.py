"""Follow a build: each state that it enters, as it happens, as server-sent events.

Each event is called `state`, and is a line of the log; its id is the number of the line. The last one is a
state in which a build ends; whoever comes again after it is answered 204, on which an EventSource comes no more.
"""

from functools import partial
from uuid import UUID

from functions.factory.tables import Build
from shared import live
from shared.errors import NotFound
from shared.function import Context, Response, http, requires
from shared.live import LiveEvent, Resync


@http.get("/api/builds/{build_id}/stream", threads=64, raises=[NotFound])
@requires("builds:read")
def stream_build(ctx: Context, build_id: UUID) -> Response:
    build = ctx.db.get_or_404(Build, build_id)
    if build.is_final and live.last_seen(ctx) == str(len(build.log)):
        return Response(204)
    return live.stream(ctx, live.topic("builds", build_id), partial(states, build_id))


def states(build_id: UUID, ctx: Context, after: str) -> list[LiveEvent]:
    """The lines of the log behind this one; Resync where there is no such line."""
    build = ctx.db.get_or_404(Build, build_id)
    lines = build.log
    seen = int(after or 0) if (after.isascii() and after.isdigit()) or not after else len(lines) + 1
    if seen > len(lines):
        raise Resync(str(len(lines)))
    return [
        LiveEvent(str(number), "state", line, is_last=build.is_final and number == len(lines))
        for number, line in enumerate(lines[seen:], seen + 1)
    ]
