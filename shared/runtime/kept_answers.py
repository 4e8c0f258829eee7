"""Answers that were given to somebody else a moment ago."""

from collections.abc import Callable

from shared.adapters import published
from shared.context import Context
from shared.kit.http import JSON, Request, Response
from shared.runtime.freshness import named


def answer(ctx: Context, request: Request, made: Callable[[], Response]) -> Response:
    """What is kept of this very question in this language, or what is made now, which is kept then."""
    record = ctx.record
    if "cursor=" in request.environ.get("QUERY_STRING", ""):
        return made()  # few read on, and whoever makes up cursors would fill Redis with pages
    asked = f"{ctx.language} {request.environ.get('QUERY_STRING', '')}"
    found = published.find(ctx.tenant.id, record.name, record.cache, asked)
    if found and found.body:
        return Response(200, found.body, headers={"ETag": found.etag})
    response = made()
    if (
        found
        and response.status == 200
        and response.content_type == JSON
        and isinstance(response.body, bytes)
    ):
        response.headers["ETag"] = named(record, response.body)
        published.keep(found, response.headers["ETag"], response.body)
    return response
