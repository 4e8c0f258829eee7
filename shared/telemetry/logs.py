"""Logs in the format of requirements §16.1; the counters behind /metrics are in shared/telemetry/metrics.py."""

import json
import logging
import os
import threading
import time
from abc import abstractmethod
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime
from select import PIPE_BUF, POLLOUT, poll
from typing import Any, NamedTuple

import orjson

about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039 (never changed in place)
# whose process this is: what lines say that no invocation has caused, as those of probes
home: dict[str, Any] = {}
log = logging.getLogger("heidi")
STDERR = 2
SOON = 0.05  # seconds that information may wait to be written
STUCK = 5_000  # milliseconds that whoever writes waits for a reader, where the pipe leaves that to us
PATIENCE = 10_000  # lines; more are written by whoever brings them


def note(**facts: object) -> None:
    """Facts that every further line of this invocation has in its context: ids, kinds, numbers, never
    somebody's words.
    """
    said = about.get()
    about.set(said | {"context": said.get("context", {}) | facts})


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: with U+2028 or U+0085 in it it could be read as two, and terminals
    obey U+009B.
    """

    def format(self, record: logging.LogRecord) -> str:
        """§16.1: timestamp, level, service, tenantId, userId, correlationId, message, context; and function,
        traceId, spanId.
        """
        context = getattr(record, "context", {})
        line = written(
            Said(record.created, record.levelname, record.name, record.getMessage(), context, about.get())
        )
        if record.exc_info:
            from shared.telemetry.redaction import scrub  # its patterns take most of a millisecond to compile

            line["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


class Said(NamedTuple):
    """What becomes a line, once somebody has time to write it."""

    moment: float
    level: str
    logger: str
    message: str
    context: dict[str, Any]
    about: dict[str, Any]


def written(said: Said) -> dict[str, Any]:
    """A line as an object, in this order."""
    moment, level, logger, message, context, where = said
    timestamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return {
        "timestamp": timestamp[:-6] + "Z",
        "level": "WARN" if level == "WARNING" else level,
        "service": logger,
        **home,
        **where,
        "logger": logger,
        "message": message,
        "context": where["context"] | context if "context" in where else context,
    }


def packed(line: dict[str, Any]) -> bytes:
    """The line as ASCII: by orjson, which is quicker, as long as there is nothing to escape."""
    try:
        found = orjson.dumps(line, default=str)
    except TypeError:  # half a character
        found = b"\xff"
    return found if found.isascii() else json.dumps(line, default=str).encode()


class Outlet(logging.Handler):
    """Where lines go, those of the logging package and those of `say`."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Take what somebody logged."""
        self.put(about.get().get("function", ""), self.format(record).encode())

    def take(self, said: Said) -> None:
        """Take what `say` was told."""
        self.put(said.about.get("function", ""), packed(written(said)))

    @abstractmethod
    def put(self, function: str, line: bytes) -> None:
        """Take a finished line, without its end, of the function that is running; empty where none is."""


class StandardError(Outlet):
    """Writes lines in their order: information within SOON, many together; warnings and errors at once, and
    all at the end.

    Information that was written line by line would cost a call four times as much: three are cold code for
    the processor.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting: deque[Said] = deque()
        self.news, self.writing = threading.Event(), threading.Lock()
        self.thread: threading.Thread | None = None

    def take(self, said: Said) -> None:
        """Keep it for a moment."""
        self.waiting.append(said)
        if said.level != "INFO" or len(self.waiting) >= PATIENCE:
            self.flush()
        elif not self.news.is_set():
            self.wake()

    def wake(self) -> None:
        """Let the thread write soon; it is started at the first line, since what forks before that would lose
        it.
        """
        self.news.set()
        if self.thread is None:
            self.thread = threading.Thread(target=self.work, name="log", daemon=True)
            self.thread.start()

    def work(self) -> None:
        """Wait for lines and for others to join them, for ever."""
        while self.news.wait():
            time.sleep(SOON)
            self.news.clear()
            self.flush()

    def flush(self) -> None:
        """Write what waits; the logging package does this when the process ends."""
        with self.writing:
            self.write_waiting()

    def put(self, function: str, line: bytes) -> None:  # noqa: ARG002 (the line says it)
        """Write a finished line, after those that wait."""
        with self.writing:
            self.write_waiting()
            write(line + b"\n")

    def write_waiting(self) -> None:
        """As many lines at once as a pipe takes in one piece, however many processes share it."""
        text = b""
        while self.waiting:
            line = packed(written(self.waiting.popleft())) + b"\n"
            if len(text) + len(line) > PIPE_BUF:
                write(text)
                text = b""
            text += line
        write(text)


def write(text: bytes) -> None:
    """To standard error; a disk that is full or a reader that has gone must not become a caller's error."""
    try:
        while text:
            try:
                text = text[os.write(STDERR, text) :]
            except BlockingIOError:  # whoever shares the pipe with us may have made it so
                if not has_room():
                    return
    except OSError:
        return


def has_room() -> bool:
    """Wait until standard error takes more; False when its reader is stuck."""
    waiting = poll()
    waiting.register(STDERR, POLLOUT)
    return bool(waiting.poll(STUCK))


def say(level: int, logger: str, message: str, context: dict[str, Any]) -> None:
    """Log what happens at every call, without the detours of the logging package (bench/call_lines.py).

    Names, ids and numbers only: nothing here makes somebody's words harmless.
    """
    if log.isEnabledFor(level):
        said = Said(time.time(), logging.getLevelName(level), logger, message, context, about.get())
        for handler in log.handlers:
            if isinstance(handler, Outlet):
                handler.take(said)


def start_logging(level: str) -> None:
    """Send our logs to standard error, one JSON object a line; once per process."""
    if not log.handlers:
        log.addHandler(StandardError())
        log.setLevel(logging.WARNING if level == "WARN" else level)
        log.propagate = False


def adopt(*names: str) -> None:
    """Let what these libraries log be lines like ours."""
    for name in names:
        for handler in log.handlers:
            logging.getLogger(name).addHandler(handler)
