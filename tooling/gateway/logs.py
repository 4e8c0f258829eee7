"""The last lines of every function, to read and to follow."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from shared.telemetry import JsonLines, about

KEPT = 1000
PAUSE = 1.0  # a blank line this often lets us notice that nobody reads any more
FOLLOWERS = 16


class Line(NamedTuple):
    """One line of one function; numbers count up over all functions."""

    number: int
    time: float
    text: str


class TooManyFollowers(Exception):
    """Each follower occupies a thread."""


class LogBook(logging.Handler):
    """Keeps what functions log while they run, and one line per call."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.news = threading.Condition()
        self.lines: dict[str, deque[Line]] = {}
        self.count = 0
        self.followers = 0
        self.closed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take a log line of the function that is running in this thread."""
        if function := about.get().get("function"):
            self.add(function, self.format(record))

    def add(self, function: str, text: str) -> None:
        """Keep one line, and forget the oldest."""
        with self.news:
            self.count += 1
            self.lines.setdefault(function, deque(maxlen=KEPT)).append(Line(self.count, time.time(), text))
            if self.followers:
                self.news.notify_all()

    def last(self, function: str, tail: int = 0, since: float = 0.0, after: int = 0) -> list[Line]:
        """The last `tail` lines (0: all that are kept), not older than `since`, with a number above `after`."""
        with self.news:
            found = [
                line for line in self.lines.get(function, ()) if line.time >= since and line.number > after
            ]
        return found[-tail:] if tail > 0 else found

    def close(self) -> None:
        """Tell the followers that this is all."""
        with self.news:
            self.closed = True
            self.news.notify_all()
        super().close()


@dataclass(frozen=True, slots=True)
class Question:
    """What `faas-cli logs` asks for."""

    function: str
    namespace: str
    instance: str
    tail: int = 0
    since: float = 0.0
    follow: bool = False


def ndjson(lines: Iterable[Line], question: Question) -> bytes:
    """Lines as the gateway's clients read them."""
    return b"".join(
        orjson.dumps(
            {
                "name": question.function,
                "namespace": question.namespace,
                "instance": question.instance,
                "timestamp": datetime.fromtimestamp(line.time, UTC)
                .isoformat(timespec="microseconds")
                .replace("+00:00", "Z"),
                "text": line.text,
            }
        )
        + b"\n"
        for line in lines
    )


def answer(book: LogBook, question: Question) -> bytes | Iterator[bytes]:
    """All that is there, or that and everything to come; TooManyFollowers."""
    seen = book.last(question.function, question.tail, question.since)
    if not question.follow:
        return ndjson(seen, question)
    with book.news:
        if book.followers >= FOLLOWERS:
            raise TooManyFollowers
        book.followers += 1
    return follow(book, question, seen)


def follow(book: LogBook, question: Question, seen: list[Line]) -> Iterator[bytes]:
    """New lines as they come, until the reader goes away or the gateway stops."""
    last = seen[-1].number if seen else book.count
    try:
        yield ndjson(seen, question)
        while not book.closed:
            with book.news:
                book.news.wait(PAUSE)
            lines = book.last(question.function, after=last)
            last = lines[-1].number if lines else last
            yield ndjson(lines, question) or b"\n"
    finally:
        with book.news:
            book.followers -= 1
