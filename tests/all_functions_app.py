"""Every function behind its public address, as one WSGI application in this process."""

import json
from collections.abc import Iterable

from shared.errors import Problem
from shared.kit.http import Environ, Request, Response, StartResponse
from shared.runtime.gateway.routes import Routes
from shared.runtime.problem_details import error_response
from tests.support import function
from tooling.generate.openapi import document
from tooling.registry import records

DESCRIPTION = "/openapi.json"


def application(environ: Environ, start: StartResponse) -> Iterable[bytes]:
    """Answer as the gateway does, without a network between."""
    return answer(Request(environ)).wsgi(start)


def answer(request: Request) -> Response:
    """What the function at this address says, or what the gateway says where there is none."""
    if request.path == DESCRIPTION:
        return Response(200, json.dumps(document(records())).encode())
    try:
        name = routes.find(request.method, request.path)
    except Problem as problem:
        return error_response(problem, request, "")
    return function(name)(request)


routes = Routes(records().values())
