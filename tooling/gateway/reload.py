"""A laptop's gateway takes changed code by itself: new migrations run, a new worker begins, and the old one ends
when that answers. A migration that fails, or code that cannot be loaded, changes nothing, and is shown.
"""

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.runtime.gateway import workers
from shared.runtime.gateway.workers import Workers
from tooling.stack import migrated, taken
from tooling.stack.home import ROOT, Home
from tooling.stack.launch import PR_SET_PDEATHSIG

LEFT_OUT = {"__pycache__"}
EVERY = 0.4  # seconds between two looks
GROWTH = "tooling.stack.growth"
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
    is_behind = False  # migrations that have not run

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
        self.environment[CHANGED] = json.dumps([path for path in changed if not is_migration(path)])
        (self.directory.parent / WHY).unlink(missing_ok=True)
        if not (flaw := broken(changed) or self.unmigrated(changed)):
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

    def unmigrated(self, changed: list[str]) -> str:
        """What is wrong with a migration that is new: the code that needs it waits for it."""
        self.is_behind = self.is_behind or any(is_migration(path) for path in changed)
        flaw = ungrown() if self.is_behind else ""
        self.is_behind = bool(flaw)
        if edited := set(changed).intersection(migrated.edited(Home.here())):
            log.warning("a migration that has run was changed", extra={"context": {"files": sorted(edited)}})
        return flaw


def is_migration(path: str) -> bool:
    """Whether it is one, and there."""
    return "migrations" in Path(path).parts and (ROOT / path).is_file()


def ungrown() -> str:
    """Why the databases could not be brought to where the code is; in a process of its own, which ends."""
    done = subprocess.run(
        [sys.executable, "-m", GROWTH], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stderr.strip().splitlines() or ["it gave no reason"]
    return "" if done.returncode == 0 else said[-1 if said[0].startswith("Traceback") else 0]


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
