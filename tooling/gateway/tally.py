"""How many calls wait to be made, and whose: one small file for all processes; nobody looks through the calls
to count them.

Of an address no more wait than still have room (shared/kit/shares.py): a stranger who sends all that is taken
leaves half to others.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MOST, MOST_BYTES = 1000, 64 * 1024 * 1024  # that wait at once, as they are on disk
Held = dict[str, tuple[int, int]]  # calls and bytes of each who has any


class Tally:
    """Of one directory of calls; it stands beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.file = directory, directory.with_name(f"{directory.name}.tally")

    @contextmanager
    def open(self) -> Iterator[Held]:
        """What is held, to be changed: by nobody else meanwhile, in this process or another."""
        with os.fdopen(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            held = self.read(file.read())
            yield held
            file.seek(0)
            file.truncate()
            json.dump(held, file)

    def read(self, text: str) -> Held:
        """What was written; what lies in the directory, where that was broken off or nothing was written yet."""
        try:
            return {whose: (calls, size) for whose, (calls, size) in json.loads(text).items()}
        except ValueError:
            return self.counted()

    def count(self) -> None:
        """Look through the calls: a process that was killed may have left a number too much."""
        with self.open() as held:
            held.clear()
            held.update(self.counted())

    def counted(self) -> Held:
        """What lies in the directory."""
        held: Held = {}
        for path in self.directory.glob("*.json"):
            with suppress(FileNotFoundError):
                add(held, whose(path), 1, path.stat().st_size)
        return held


def add(held: Held, name: str, calls: int, size: int) -> None:
    """So many more, or fewer."""
    before = held.pop(name, (0, 0))
    if before[0] + calls > 0:
        held[name] = before[0] + calls, max(0, before[1] + size)


def has_room(held: Held, name: str, size: int) -> bool:
    """Whether one more of so many bytes may wait; of an address that has none here yet, however large it is."""
    free = MOST - sum(calls for calls, _ in held.values())
    left = MOST_BYTES - size - sum(taken for _, taken in held.values())
    calls, taken = held.get(name, (0, 0)) if name else (0, 0)
    return free > 0 and left >= 0 and (not calls or (free > calls and left >= taken))


def share_of(address: str) -> str:
    """What an address is called in names of files; nobody's is the empty one, and has no share to keep to."""
    return address and hashlib.sha256(address.encode()).hexdigest()[:16]


def whose(path: Path) -> str:
    """Whose call is in a file, by its name: `<time>-<share>-<id>.json`."""
    parts = path.stem.split("-")
    return parts[1] if len(parts) == len(("time", "share", "id")) else ""
