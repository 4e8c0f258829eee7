"""Logs in the format of requirements §16.1; the counters behind /metrics are in shared/metrics.py."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 (never changed in place)
log = logging.getLogger("heidi")


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: with U+2028 or U+0085 in it it could be read as two, and terminals obey U+009B."""

    def format(self, record: logging.LogRecord) -> str:
        """§16.1: timestamp, level, service, tenantId, userId, correlationId, message, context; and function, traceId, spanId."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": "WARN" if record.levelname == "WARNING" else record.levelname,
            "service": record.name,
            **about.get(),
            "logger": record.name,
            "message": record.getMessage(),
            "context": getattr(record, "context", {}),
        }
        if record.exc_info:
            from shared.scrubbing import scrub  # its patterns take most of a millisecond to compile

            line["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def start_logging(level: str) -> None:
    """Send our logs to standard error, one JSON object a line; once per process."""
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
        log.addHandler(handler)
        log.setLevel(logging.WARNING if level == "WARN" else level)
        log.propagate = False


def adopt(*names: str) -> None:
    """Let what these libraries log be lines like ours."""
    for name in names:
        for handler in log.handlers:
            logging.getLogger(name).addHandler(handler)
