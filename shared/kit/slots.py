"""A bounded number at once: of the threads of a process, and of all processes of this installation on one
machine.

Whoever says for whom they come has a share only: a party (a city, an address) no more places than are still
free, as with shared/kit/shares.py, and no more slots than `each`; a person one place that works and one that
waits. So nobody fills them alone, and parties take turns, and in a party its people.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Condition
from typing import IO
from zlib import crc32

from shared.errors import Busy
from shared.kit.settings import settings
from shared.kit.shares import NOBODYS, Whose

LOOK_AGAIN = 0.02  # seconds; only where another process is in the way
OF_A_PERSON = 2  # one works, one waits
BUCKETS = 1024  # of parties, so that their files are not as many as they; two of one share a share


@dataclass(eq=False, slots=True)
class Place:
    """One place, that of somebody who works or waits."""

    whose: Whose
    works: bool = False


class Slots:
    """At most `at_once` hold a slot and `queue` wait for one; whoever comes beyond that, or has waited too
    long, is told Busy.

    Of one party at most `each` hold one; without it all can.
    """

    def __init__(self, name: str, at_once: int, queue: int, each: int = 0) -> None:
        self.name, self.at_once, self.places, self.each = name, at_once, at_once + queue, each or at_once
        self.line: list[Place] = []
        self.moved = Condition()
        # when each party, and each person, had its last slot; nobody's is long ago
        self.turns: dict[str | Whose, int] = {}

    @contextmanager
    def taken(self, patience: float, whose: Whose = NOBODYS) -> Iterator[None]:
        """Hold a slot; Busy when there is none within `patience` seconds."""
        until = time.monotonic() + patience
        with self.place(whose) as place, ExitStack() as held:
            self.wait(place, patience)
            for paths in self.files(whose.party):
                held.enter_context(one_of(paths, until))
            yield

    @contextmanager
    def place(self, whose: Whose) -> Iterator[Place]:
        """A place in the line; Busy where there is none."""
        place = Place(whose)
        with self.moved:
            if self.is_full(whose):
                raise Busy
            self.line.append(place)
        try:
            yield place
        finally:
            with self.moved:
                self.line.remove(place)
                if not self.line:
                    self.turns.clear()
                self.moved.notify_all()

    def is_full(self, whose: Whose) -> bool:
        """Whether all places are taken, or all that this party, or this person, can have."""
        there = [place.whose for place in self.line]
        of_party = sum(other.party == whose.party for other in there) if whose.party else 0
        of_person = there.count(whose) if whose.person else 0
        return self.places - len(there) <= of_party or of_person >= OF_A_PERSON

    def wait(self, place: Place, patience: float) -> None:
        """Wait until it is this one's turn."""
        with self.moved:
            if not self.moved.wait_for(lambda: self.next() is place, patience):
                raise Busy
            place.works = True
            self.turns[place.whose.party] = self.turns[place.whose] = max(self.turns.values(), default=0) + 1
            self.moved.notify_all()

    def next(self) -> Place | None:
        """Who may work now: of the parties that have slots left, the one that waited longest for a turn; in
        it, the person.
        """
        working = Counter(place.whose.party for place in self.line if place.works)
        if working.total() >= self.at_once:
            return None
        may = [
            place
            for place in self.line
            if not place.works and (not place.whose.party or working[place.whose.party] < self.each)
        ]
        return min(
            may,
            key=lambda place: (self.turns.get(place.whose.party, 0), self.turns.get(place.whose, 0)),
            default=None,
        )

    def files(self, party: str) -> list[list[Path]]:
        """Of each of these a lock is held: the party's share, and all slots. There are none where no file can
        be written.
        """
        where = directory()
        if where is None:
            return []
        is_bound = party and self.each < self.at_once
        shares = {f"{self.name}.of-{crc32(party.encode()) % BUCKETS}": self.each} if is_bound else {}
        names = shares | {self.name: self.at_once}
        return [[where / f"{name}.{number}" for number in range(most)] for name, most in names.items()]


@contextmanager
def one_of(paths: list[Path], until: float) -> Iterator[None]:
    """Hold the lock of one of these files, which all processes share; a process that dies leaves its own.
    Busy when too late.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("wb")) for path in paths]
        while not any(map(is_taken, files)):
            if time.monotonic() > until:
                raise Busy
            time.sleep(LOOK_AGAIN)
        yield


def is_taken(file: IO[bytes]) -> bool:
    """Whether the slot of this file is ours now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def cores() -> int:
    """How many processors we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache
def directory() -> Path | None:
    """Where this installation's processes find each other; None where no file can be written: then each
    counts for itself.
    """
    now = settings()
    this = f"{now.gateway_url} {now.broker_url} {now.postgres_host}:{now.postgres_port}"
    which = hashlib.sha256(this.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"heidi-{os.getuid()}-{which}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return path if path.stat().st_uid == os.getuid() else None
