"""An event that its function does not take, where the one who brings it keeps no dead letters: the function
hands it in itself.

Knative's dispatcher takes a 4xx for success and cannot tell a failure from bad weather. The internal gateway
therefore asks for this (X-Heidi-Letters), and decision 4 holds in a cluster, too: what can never succeed is a
dead letter at once, what has failed four times after that; what waits for something that is away is tried
again by the dispatcher for as long as it does. OpenFaaS' connectors try once, and ask for a dead letter of
whatever fails.
"""

import base64
import logging
from io import BytesIO

from shared.adapters import redis
from shared.errors import Problem
from shared.kit.cloudevents import NotAnEvent, in_binary_mode
from shared.kit.http import Request, Response
from shared.kit.record import Record
from shared.kit.settings import settings
from shared.peers import internal_calls

ASKED, AT_ONCE, HELD = "x-heidi-letters", "at-once", "heidi.event"
WEATHER = frozenset({401, 429, 502, 503, 504})  # as broker/outcome.py has it
FAILED = frozenset({404, 408, 409})
ATTEMPTS, REMEMBERED = 4, 3 * 3600  # seconds: longer than any dispatcher tries
ANSWER_BYTES = 700  # of what the function said; in base64 that fits an attribute
AGAIN = {"Retry-After": "5"}
log = logging.getLogger("heidi.dead_letters")


def hold(request: Request, limit: int) -> None:
    """Keep the event at hand until it is known whether the function takes it; PayloadTooLarge when it is too
    long.
    """
    if request.header(ASKED):
        body = request.environ[HELD] = request.body(limit)
        request.environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def settled(record: Record, request: Request, response: Response) -> Response:
    """What the dispatcher is told: the answer, or that nothing is left to do because the dead letter has been
    kept.
    """
    if response.status < 400 or HELD not in request.environ or not is_given_up(record, request, response):
        return response
    try:
        hand_in(record, request, response)
    except (Problem, NotAnEvent) as error:
        log.warning("a dead letter could not be handed in", exc_info=error)
        return Response(503, headers=AGAIN)
    log.error(
        "an event is given up",
        extra={"context": {"status": response.status, "event": request.header("ce-id")}},
    )
    return Response(204)


def is_given_up(record: Record, request: Request, response: Response) -> bool:
    """Whether trying again would not help, or nobody will."""
    if request.header(ASKED) == AT_ONCE:
        return True
    if response.status in WEATHER or "Retry-After" in response.headers:
        return False
    return (response.status < 500 and response.status not in FAILED) or has_failed_too_often(record, request)


def has_failed_too_often(record: Record, request: Request) -> bool:
    """Count a failure of one event at one function; where nobody can count, it is not given up."""
    name = redis.key(
        request.header("ce-tenantid"),
        "failed",
        record.name,
        request.header("ce-source"),
        request.header("ce-id"),
    )
    try:
        failures = int(redis.command("INCR", name))
        redis.command("EXPIRE", name, REMEMBERED)
    except Problem:
        return False
    return failures >= ATTEMPTS


def hand_in(record: Record, request: Request, response: Response) -> None:
    """Give the event to keep-dead-letter, with what a broker would say of the failure; Unavailable when it is
    not kept.
    """
    held = request.environ[HELD]
    event = in_binary_mode(Request(request.environ | {"wsgi.input": BytesIO(held)}), len(held))
    answer = response.body[:ANSWER_BYTES].decode(errors="ignore") if isinstance(response.body, bytes) else ""
    failure = {
        "ce-knativeerrordest": f"{settings().events_address}/{record.name}",
        "ce-knativeerrorcode": str(response.status),
        "ce-knativeerrordata": base64.b64encode(answer.encode()).decode(),
    }
    # as it was brought: we have nothing of our own that opens this
    shown = {"Authorization": request.header("authorization")}
    said = {
        f"ce-{name[8:].lower()}": value
        for name, value in event.environ.items()
        if name.startswith("HTTP_CE_")
    }
    headers = {"content-type": "application/json"} | shown | said | failure
    internal_calls.tell("/api/internal/dead-letters", event.body(len(held)), headers)
