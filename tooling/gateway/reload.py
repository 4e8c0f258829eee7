"""A laptop's gateway takes changed code by itself: a new worker begins with it, and the old one ends when that
answers. Code that cannot be loaded changes nothing, and is shown.
"""

import ctypes
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.runtime.gateway import workers
from shared.runtime.gateway.workers import Workers
from tooling.stack import taken
from tooling.stack.home import ROOT
from tooling.stack.launch import PR_SET_PDEATHSIG

LEFT_OUT = {"__pycache__", "migrations"}  # ./heidi up migrates
EVERY = 0.4  # seconds between two looks
CHANGED, WHY = "GATEWAY_CHANGED", "why"
log = logging.getLogger("heidi.gateway")
States = dict[str, tuple[int, int]]


def look(root: Path = ROOT) -> States:
    """Every file's time and size, by its path."""
    found: States = {}
    folders = [str(root / name) for name in taken.WATCHED]
    while folders:
        with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders += [entry.path] if entry.name not in LEFT_OUT else []
                elif not entry.name.endswith((".pyc", "~", ".swp", ".tmp")):
                    state = entry.stat()
                    found[os.path.relpath(entry.path, root)] = (state.st_mtime_ns, state.st_size)
    return found


class Reloading(Workers):
    """Workers that are replaced when a file has changed."""

    seen: States
    looked = 0.0

    def run(self) -> int:
        """As all do; what changes from now on is taken."""
        self.seen = look()
        taken.note(self.directory.parent, newest(self.seen))
        return super().run()

    def mend(self) -> None:
        """And look whether there is other code."""
        super().mend()
        if time.monotonic() - self.looked < EVERY:
            return
        self.looked, now = time.monotonic(), look()
        changed = sorted(
            path for path in now.keys() | self.seen.keys() if now.get(path) != self.seen.get(path)
        )
        self.seen = now
        if changed:
            self.take(changed)

    def take(self, changed: list[str]) -> None:
        """Begin with it, or say why that is not possible."""
        started, before = time.monotonic(), list(self.running)
        what = {"files": changed[:20]}
        self.environment[CHANGED] = json.dumps(changed)
        (self.directory.parent / WHY).unlink(missing_ok=True)
        if not (flaw := broken(changed)):
            self.replace()
            flaw = "" if self.running and not set(before) & set(self.running) else last_words(self.directory)
        taken.note(self.directory.parent, None if flaw else newest(self.seen), flaw)
        if flaw:
            log.error("the code that was before goes on", extra={"context": what | {"reason": flaw}})
        else:
            log.info(
                "changed code was taken",
                extra={"context": what | {"seconds": round(time.monotonic() - started, 1)}},
            )


def broken(changed: list[str]) -> str:
    """What is no Python among them: no worker has to begin for that."""
    for path in changed:
        if path.endswith(".py") and (ROOT / path).exists():
            try:
                compile((ROOT / path).read_bytes(), path, "exec")
            except (SyntaxError, ValueError) as error:
                return f"{path}: {error}"
    return ""


def newest(states: States) -> float:
    """The time of the file that was changed last."""
    return max((changed for changed, _ in states.values()), default=0) / 1e9


def end_with_parent() -> None:
    """A worker whose parent was killed would keep the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


@contextmanager
def reason_told() -> Iterator[None]:
    """What a worker begins with first is what was changed; what is wrong with it is left to its parent."""
    from tooling import faces

    try:
        faces.load(json.loads(os.environ.get(CHANGED, "[]")))
        yield
    except Exception as error:
        if workers.is_one_of_several():
            (workers.directory().parent / WHY).write_text(f"{type(error).__name__}: {error}")
        raise


def last_words(directory: Path) -> str:
    """What the worker said that could not begin."""
    try:
        return (directory.parent / WHY).read_text()
    except OSError:
        return "the new process did not begin; ./heidi logs gateway says why"
