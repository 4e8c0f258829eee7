"""Code that is newer than the processes that run it: say so, and start them again."""

import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from tooling.command_failed import CommandFailed
from tooling.stack import processes, records, taken
from tooling.stack.home import ROOT, Home
from tooling.stack.services import MODULES

# what each of our processes runs
CODE = {
    "thirdparty": ("tooling/thirdparty", "shared/kit"),
    "broker": ("broker", "shared", "events"),
    "gateway": ("functions", "events", "shared", "tooling/gateway"),
}
PATIENCE = 60.0  # seconds until a process that was started again is ready
OURS = tuple(module.name for module in MODULES)


def hint(home: Home) -> str:
    """A sentence when what runs is older than the code; empty when it is not."""
    old = stale(home)
    if not old:
        return ""
    changed = max(old.values(), key=changed_at)
    age = timedelta(seconds=round(time.time() - changed_at(changed)))
    flaw = taken.read(home.path / "gateway")[1] if "gateway" in old else ""
    return f"The code is newer than what runs ({changed.relative_to(ROOT)} was changed {age} ago): " + (
        f"the gateway could not take it, {flaw}" if flaw else "./heidi restart."
    )


def stale(home: Home) -> dict[str, Path]:
    """Our processes that run code of before, each with the file that was changed last."""
    running = {record.name: record for record in records.read(home) if record.name in CODE and record.pid}
    until = taken.read(home.path / "gateway")[0]  # the gateway takes some by itself
    old: dict[str, Path] = {}
    for name, record in running.items():
        for folder in CODE[name]:
            by_itself = name == "gateway" and folder in taken.WATCHED
            changed = newest(folder)
            if changed and changed_at(changed) > max(record.created, until if by_itself else 0):
                old[name] = max(changed, old.get(name, changed), key=changed_at)
    return old


@lru_cache
def newest(folder: str) -> Path | None:
    """The file of a folder that was changed last."""
    found = (file for file in (ROOT / folder).rglob("*") if file.suffix in {".py", ".json", ".html"})
    return max(found, key=changed_at, default=None)


def changed_at(file: Path) -> float:
    """In seconds, as the clock of processes."""
    return file.stat().st_mtime


def restart(home: Home, name: str | None) -> list[str]:
    """Stop one of our processes, or all, whose parent starts them again; returns their titles when all are
    ready.

    A CommandFailed for a name that is not one of ours, where nothing runs, and for a process that does not come
    back.
    """
    if name not in {None, *OURS}:
        raise CommandFailed(
            f"{name} is not one of our processes: {', '.join(OURS)}. ./heidi down && ./heidi up -d restarts all."
        )
    if not records.is_held(home):
        raise CommandFailed("The local stack is not running: ./heidi up -d starts it.")
    chosen = [record for record in records.read(home) if record.name in OURS and name in {None, record.name}]
    for record in chosen:
        processes.signal_one(record.pid, signal.Signals(record.stop))
    wait_for_successors(home, chosen)
    return [record.title for record in chosen]


def wait_for_successors(home: Home, before: Sequence[records.Record]) -> None:
    """Until each has a process that was born later and is ready."""
    deadline = time.monotonic() + PATIENCE
    while waiting := [old for old in before if not any(is_successor(new, old) for new in records.read(home))]:
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"{waiting[0].title} does not come back. Its log says more: ./heidi logs {waiting[0].name}"
            )
        time.sleep(0.05)


def is_successor(new: records.Record, old: records.Record) -> bool:
    """Whether this is the same service in another process, ready."""
    return new.name == old.name and new.ready and (new.pid, new.created) != (old.pid, old.created)
