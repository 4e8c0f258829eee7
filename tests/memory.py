"""How much memory this process and all that it has started hold at most, while something goes on."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
POD = 110 * 1024 * 1024  # bytes that a function's own process holds before its first call, at the very most


@dataclass
class Peak:
    """Bytes: before, and the most so far."""

    before: int
    most: int = 0

    @property
    def of_a_pod(self) -> int:
        """What a function's pod would have held: a bare process, and what came on top of ours."""
        return POD + self.most - self.before


@contextmanager
def watched() -> Iterator[Peak]:
    """Look at it every few milliseconds inside the block."""
    peak, over = Peak(held(os.getpid())), threading.Event()

    def look() -> None:
        while not over.wait(0.004):
            peak.most = max(peak.most, held(os.getpid()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def held(pid: int) -> int:
    """The resident memory of a process and its descendants; what they share counts for each, so it is never
    too little.
    """
    total = 0
    with suppress(OSError):
        total = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(
                held(int(child)) for child in (task / "children").read_text(encoding="ascii").split()
            )
    return total
