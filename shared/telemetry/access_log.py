"""One line for every call and one for every change of state; what is in them, and what never is:
docs/decisions/0026.
"""

import logging
import re
import time
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from events.base import Event
from shared.errors import Problem, TokenExpired
from shared.kit.forwarded import client_address, neighbourhood
from shared.kit.http import Request
from shared.telemetry.logs import log, say

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REFUSALS = frozenset({401, 403, 429})
AGAIN = 503  # the client is asked to come back: the service is degraded, nothing is wrong with the program


def call(request: Request, route: str, status: int, started: float, problem: Problem | None) -> None:
    """A call was answered; `route` is the public path with its placeholders, or what a broker's call is for."""
    weight = level(status, problem)
    if not log.isEnabledFor(weight):
        return
    method = request.method if request.method in METHODS else "OTHER"
    context: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "durationMs": round((time.perf_counter() - started) * 1000, 2),
    }
    if problem is not None:
        context |= {"code": problem.code} | ({"error": problem.origin} if problem.origin else {})
    if status in REFUSALS:
        context["network"] = neighbourhood(client_address(request))
    say(weight, "heidi.calls", f"{method} {route} {status}", context)


def level(status: int, problem: Problem | None) -> int:
    """What somebody should look at: errors of ours, then weather and refusals; a token that ran out is every
    client's day.
    """
    if status >= 500:
        return logging.WARNING if status == AGAIN else logging.ERROR
    is_refusal = status in REFUSALS and not isinstance(problem, TokenExpired)
    return logging.WARNING if is_refusal else logging.INFO


def happened(event: Event) -> None:
    """A change of state is durable: which, and of what; never what somebody wrote."""
    if not log.isEnabledFor(logging.INFO):
        return
    facts = {name: getattr(event, field) for name, field in telling(type(event))}
    say(logging.INFO, "heidi.events", sentence(type(event)), {"event": event.topic} | facts)


@lru_cache(None)
def sentence(event: type[Event]) -> str:
    """`Listing created`, as §16.1 has it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event.__name__).capitalize()


@lru_cache(None)
def telling(event: type[Event]) -> list[tuple[str, str]]:
    """The fields that hold ids, or one of a few words of ours, by the names that clients know."""
    return [
        (field.alias or name, name)
        for name, field in event.model_fields.items()
        if is_telling(field.annotation)
    ]


def is_telling(hint: Any) -> bool:
    """Whether nobody's own words can be in such a field."""
    if type(None) in get_args(hint):
        return all(is_telling(part) for part in get_args(hint) if part is not type(None))
    return hint is UUID or get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, Enum))
