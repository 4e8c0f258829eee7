"""An event that is brought to a whole service: every function of it that hears this type takes it, one after the
other.

Each knows what it has handled before (docs/decisions/0004), and hands in its own dead letter: so one that fails
lets the event come again, and only that one does anything then.
"""

from io import BytesIO

from shared.kit.cloudevents import in_binary_mode
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.runtime.gateway.functions import Functions

DOOR = "/events"


def are_brought(request: Request) -> bool:
    """Whether this is the door for events: the internal gateway's, or where OpenFaaS' connectors post."""
    return request.method == "POST" and (
        request.path == DOOR or (request.path == "/" and bool(request.header("x-topic")))
    )


def hear(functions: Functions, request: Request) -> Response:
    """204 when all who hear it are done; else what the last one said that is not.

    Who may bring it, each function checks itself.
    """
    limit = settings().max_json_bytes
    body = request.body(limit)
    type_ = in_binary_mode(again(request, body), limit).header("ce-type")
    answers = [functions.call(name, again(request, body)) for name in functions.listeners(type_)]
    return next((answer for answer in reversed(answers) if answer.status >= 300), Response(204))


def again(request: Request, body: bytes) -> Request:
    """The same call, for one who has read nothing of it."""
    return Request(
        request.environ | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))},
        "/",
    )
