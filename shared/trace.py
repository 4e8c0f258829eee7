"""W3C trace context (traceparent) and the correlation id, through requests and event chains (requirements §16.2)."""
import os
import re
from dataclasses import dataclass

PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(slots=True)
class Trace:
    """Where this invocation stands in the chain that a citizen's call began."""

    trace_id: str
    span_id: str
    correlation_id: str

    @classmethod
    def start(cls, traceparent: str = "", correlation_id: str = "") -> "Trace":
        """Go on with the caller's trace, or begin one; ids that are not well-formed are replaced."""
        found = PARENT.fullmatch(traceparent) if traceparent else None
        trace_id = found[1] if found else os.urandom(16).hex()
        correlation = correlation_id if correlation_id and SAFE.fullmatch(correlation_id) else trace_id
        return cls(trace_id, os.urandom(8).hex(), correlation)

    def child(self) -> str:
        """The traceparent for what this invocation calls or says."""
        return f"00-{self.trace_id}-{self.span_id}-01"
