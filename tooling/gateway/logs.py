"""The last lines of every function, to read and to follow."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from shared.telemetry.logs import Outlet

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


class LogBook(Outlet):
    """Keeps what functions log while they run, and one line per call."""

    def __init__(self) -> None:
        super().__init__()
        self.news = threading.Condition()
        self.lines: dict[str, deque[Line]] = {}
        self.count = 0
        self.followers = 0
        self.closed = False
        self.others: Callable[[str, Any], dict[str, Any]] = lambda *_: {}  # where several processes answer

    def put(self, function: str, line: bytes) -> None:
        """Take a log line of the function that is running in this thread."""
        if function:
            self.add(function, line.decode())

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

    def lines_for(self, asked: list[Any]) -> tuple[list[Line], int]:
        """What another process asks for: its `everywhere`'s share of ours, and how many lines there have
        been.
        """
        function, tail, since, after = asked
        return self.last(function, tail, since, after.get(str(os.getpid()), 0)), self.count

    def everywhere(
        self, question: "Question", after: dict[str, int], *, tail: int = 0, since: float = 0.0
    ) -> list[Line]:
        """The last lines of all processes, in their order; `after` holds each one's last number, and is kept
        up to date.
        """
        own = str(os.getpid())
        said = [question.function, tail, since, after]
        found = {own: self.lines_for(said)} | self.others("lines", said)
        for name, (lines, count) in found.items():
            after[name] = lines[-1][0] if lines else after.get(name, count)
        merged = sorted(
            (Line(*line) for lines, _ in found.values() for line in lines), key=lambda line: line.time
        )
        return merged[-tail:] if tail > 0 else merged

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
    after: dict[str, int] = {}
    seen = book.everywhere(question, after, tail=question.tail, since=question.since)
    if not question.follow:
        return ndjson(seen, question)
    with book.news:
        if book.followers >= FOLLOWERS:
            raise TooManyFollowers
        book.followers += 1
    return follow(book, question, seen, after)


def follow(book: LogBook, question: Question, seen: list[Line], after: dict[str, int]) -> Iterator[bytes]:
    """New lines as they come, until the reader goes away or the gateway stops."""
    try:
        yield ndjson(seen, question)
        while not book.closed:
            with book.news:
                book.news.wait(PAUSE)
            yield ndjson(book.everywhere(question, after), question) or b"\n"
    finally:
        with book.news:
            book.followers -= 1
