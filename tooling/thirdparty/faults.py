"""A door of every stand-in through which a test says what shall go wrong, and sees what was sent.

    POST /_faults   {"kind": "status", "times": 2, "status": 429, "retryAfter": 7}   the next two requests
    DELETE /_faults                                                                  nothing goes wrong any more
    GET /_last      what was sent, newest first

`refuse` closes the connection without a word · `hang` says nothing until the client goes · `slow` waits for
`seconds` and then answers · `status` answers with that, and Retry-After · `truncate` breaks off in the middle of
the right answer · `garbage` is the right status with bytes that nobody can read · `wrong_type` a web page, as
from a hotel's network · `duplicate` does it twice, as when a network says it again · `reorder` does it after the
next one · `empty_ok` is 200 with nothing, and nothing is done.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tooling.ownnames import is_own

Kind = Literal[
    "refuse",
    "hang",
    "slow",
    "status",
    "truncate",
    "garbage",
    "wrong_type",
    "duplicate",
    "reorder",
    "empty_ok",
]
KINDS: tuple[str, ...] = get_args(Kind)
DOOR, LAST = "/_faults", "/_last"
REMEMBERED = 50
LONG = 120.0  # seconds after which even a client without a timeout is let go
LOOK = 0.02
NEXT = 5.0  # seconds in which the next request comes, or never
GARBAGE = b'\x00\xff{"<'
PAGE = b"<!doctype html><title>Welcome</title><p>Please accept the terms of this network."
Seen = dict[str, Any]


class Fault(BaseModel):
    """What goes wrong, and how often."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")
    kind: Kind
    times: int = Field(1, ge=1, le=100_000)
    status: int = Field(503, ge=400, le=599)
    retry_after: int | None = None
    seconds: float = Field(1.0, ge=0, le=LONG)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, whichever server gives it."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Faults:
    """What shall go wrong with one server, and what it was sent."""

    def __init__(self) -> None:
        self.waiting: deque[Fault] = deque()
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self.held: asyncio.Event | None = None

    def door(self, method: str, path: str, host: str, body: bytes) -> Said | None:
        """The answer at the door; None for what is meant for the server. A page that has led a name of its own
        here finds none.
        """
        if path in (DOOR, LAST) and not is_own(host):
            return said(421, {"error": "This is not the host that was called."})
        if path == LAST and method == "GET":
            return said(200, {"items": list(reversed(self.seen))})
        if path != DOOR:
            return None
        if method == "DELETE":
            self.waiting.clear()
        elif method == "POST":
            try:
                self.waiting.append(Fault.model_validate_json(body))
            except ValidationError as error:
                return said(422, {"error": str(error)})
        else:
            return said(405, {"error": "POST or DELETE"})
        return said(200, {"waiting": [fault.model_dump(by_alias=True) for fault in self.waiting]})

    def note(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> None:
        """Remember what was sent; a body that is streamed is not looked at."""
        text = None if body is None else body.decode("utf-8", "backslashreplace")
        self.seen.append({"method": method, "path": path, "headers": headers, "body": text})

    def take(self) -> Fault | None:
        """What goes wrong with this request."""
        if not self.waiting:
            return None
        fault = self.waiting[0]
        if fault.times == 1:
            self.waiting.popleft()
        else:
            fault.times -= 1
        return fault

    async def turn(self, fault: Fault | None, gone: Callable[[], bool] = lambda: False) -> None:
        """Wait for what comes before this request: time, the next one, or that its client goes."""
        if fault and fault.kind == "hang":
            until = time.monotonic() + LONG
            while not gone() and time.monotonic() < until:  # noqa: ASYNC110 (nobody tells us)
                await asyncio.sleep(LOOK)
        elif fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault and fault.kind == "reorder":
            self.held = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.held.wait(), NEXT)

    def done(self, fault: Fault | None) -> None:
        """This request is done: whoever was held comes after it."""
        if self.held and not (fault and fault.kind == "reorder"):
            self.held.set()
            self.held = None


def said(status: int, body: Any) -> Said:
    """JSON."""
    return Said(status, json.dumps(body).encode())


def instead(fault: Fault) -> Said | None:
    """What is answered instead of asking the server; None where it is asked."""
    if fault.kind == "status":
        wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Said(fault.status, b"", headers=wait)
    if fault.kind == "garbage":
        return Said(200, GARBAGE)
    if fault.kind == "wrong_type":
        return Said(200, PAGE, "text/html")
    return Said(200, b"") if fault.kind == "empty_ok" else None
