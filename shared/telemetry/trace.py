"""W3C trace context (traceparent) and the correlation id, through requests and event chains (requirements
§16.2).
"""

import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import getrandbits
from typing import NamedTuple

from shared.kit.settings import settings

PARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Span(NamedTuple):
    """What is exported of one piece of work; `kind` is one of OpenTelemetry's SpanKind, times are nanoseconds
    since 1970.
    """

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    began: int
    ended: int
    error: str
    service: str
    function: str
    attributes: dict[str, str | int]


@dataclass(slots=True)
class Trace:
    """Where this invocation stands in the chain that a citizen's call began; `pieces` are the questions that
    it asked.
    """

    trace_id: str
    span_id: str
    correlation_id: str
    parent_id: str = ""
    sampled: bool = False
    service: str = ""
    function: str = ""
    began: int = field(default_factory=time.time_ns)
    pieces: list[Span] = field(default_factory=list)

    @classmethod
    def start(cls, traceparent: str = "", correlation_id: str = "", *, trusted: bool = False) -> "Trace":
        """Go on with the caller's trace, or begin one; ids that are not well-formed are replaced.

        Only the platform's own parts are `trusted` to say whether the trace is exported. For everybody else
        that is drawn by lot, from an id that they do not choose, so that nobody outside decides how much we
        export.
        """
        found = PARENT.fullmatch(traceparent) if traceparent else None
        trace_id = found[1] if found else drawn(128)
        span_id = drawn(64)
        sampled = (
            bool(int(found[3], 16) & 1) if found and trusted else is_drawn(span_id if found else trace_id)
        )
        correlation = correlation_id if correlation_id and SAFE.fullmatch(correlation_id) else trace_id
        return cls(trace_id, span_id, correlation, found[2] if found else "", sampled)

    def follow(self, traceparent: str, correlation_id: str) -> None:
        """Go on with the chain that an event names inside its body, where the headers could not say it."""
        found = PARENT.fullmatch(traceparent)
        if found and found[1] != self.trace_id:
            self.trace_id, self.parent_id, self.sampled = found[1], found[2], bool(int(found[3], 16) & 1)
        if SAFE.fullmatch(correlation_id):
            self.correlation_id = correlation_id

    def child(self, span_id: str = "") -> str:
        """The traceparent for what this invocation, or one piece of it, calls or says."""
        return f"00-{self.trace_id}-{span_id or self.span_id}-{'01' if self.sampled else '00'}"


def drawn(bits: int) -> str:
    """An id that nobody else has. It need not be hard to guess: asking the system lets go of the interpreter,
    twice a call.
    """
    return f"{getrandbits(bits) or 1:0{bits // 4}x}"


def is_drawn(identity: str) -> bool:
    """Whether an id is among the share that is exported (OpenTelemetry's TraceIdRatioBased: its last eight
    bytes decide).
    """
    return int(identity[-16:], 16) < settings().trace_sample_ratio * (1 << 64)


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
