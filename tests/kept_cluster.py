"""The migrated cluster that runs begin with: made once, kept beside the checkout, copied by each run.

It lies in `.heidi/tests/`, named by what it is made of; a run works on a copy of its own, so that none notices
another. What is made anew lies aside until it is whole, and what an end by `kill -9` left is cleared away by a
later run.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path

import psutil

from tooling.registry import services
from tooling.stack import databases
from tooling.stack.home import ROOT
from tooling.stack.postgres import PACKAGE, Postgres, embedded_postgres

PREFIX = "heidi_master_"  # a run without workers needs no further copies
OWNER, RELAY, ROLES, SUPERUSER = "owner", "relay", "tests" * 8, "only-for-tests"
KEPT = 2  # of the clusters that were used last: the branch that one works on, and another
SETTLED = 60.0  # seconds after which a directory without a living run is nobody's
MADE_BY = (
    "shared/db/migration.py",
    "shared/db/roles.py",
    "tooling/migrate.py",
    "tooling/stack/databases.py",
    "tooling/stack/postgres.py",
    "tests/kept_cluster.py",
)
ALIVE = "alive"
MIGRATIONS = "functions/*/migrations/**/*.py"
IMPORTED = re.compile(r"^from ((?:shared|functions)[\w.]*) import", re.MULTILINE)


@contextmanager
def running() -> Iterator[tuple[Path, Postgres]]:
    """A directory of this run's own, and a migrated server in it; both gone at the end."""
    sweep(Path(tempfile.gettempdir()))
    with own_directory() as directory:
        shelf = shelf_or(directory)
        with embedded_postgres(directory, SUPERUSER, lay=partial(lay, shelf)) as server:
            yield directory, server


@contextmanager
def own_directory() -> Iterator[Path]:
    """Marked as alive for as long as we are."""
    with tempfile.TemporaryDirectory(prefix="heidi-test-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # PostgreSQL may run as somebody else
        with locked(directory / ALIVE, fcntl.LOCK_EX):
            yield directory


def sweep(place: Path) -> None:
    """Remove the directories of runs that were killed, and what they name."""
    for mark in place.glob(f"heidi-test-*/{ALIVE}"):
        with suppress(OSError):
            if time.time() - mark.stat().st_mtime > SETTLED and is_free(mark):
                shutil.rmtree(mark.parent, ignore_errors=True)


def is_free(mark: Path) -> bool:
    """Whether nobody holds the lock; the system lets go of it when a process dies, however it dies."""
    with mark.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def shelf_or(directory: Path) -> Path:
    """Where clusters are kept; nowhere for long in a checkout that cannot be written."""
    shelf = ROOT / ".heidi" / "tests"
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        (shelf / "lock").touch()
    except OSError:
        return directory
    return shelf if os.access(shelf, os.W_OK) else directory


def lay(shelf: Path, data: Path) -> None:
    """Copy the cluster to where a server shall use it; make it first where there is none."""
    kept = shelf / key()
    with locked(shelf / "lock", fcntl.LOCK_SH):
        if kept.exists():
            take(kept, data)
            return
    with locked(shelf / "lock", fcntl.LOCK_EX):
        if not kept.exists():  # another run may have made it while we waited
            make(kept)
        take(kept, data)
        forget(shelf)


def take(kept: Path, data: Path) -> None:
    """A copy; it was used just now."""
    os.utime(kept)
    copy(kept / "data", data)


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    """With the others who read, or alone."""
    with path.open("ab") as file:
        fcntl.flock(file, how)
        yield


def copy(data: Path, to: Path) -> None:
    """Owners stay as they are, and nothing is shared: a server writes into its files where they lie."""
    subprocess.run(["cp", "-a", str(data), str(to)], check=True)


def key() -> str:
    """Changes with the migrations, the roles, PostgreSQL, who runs it, and the machine's start: nothing of a
    cluster is forced to the disk, and where the power went away half of one may lie there.
    """
    told = hashlib.sha256(f"{PACKAGE} {version(PACKAGE)} {os.geteuid()} {start_of_machine()}".encode())
    for path in sources():
        told.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return told.hexdigest()[:16]


def start_of_machine() -> str:
    """Which start this is."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return str(int(psutil.boot_time()))


def sources() -> list[Path]:
    """What a cluster is made of: migrations, what they import, and what prepares the server."""
    migrations = set(ROOT.glob(MIGRATIONS))
    modules = {name for path in migrations for name in IMPORTED.findall(path.read_text("utf-8"))}
    imported = {
        path for name in modules if (path := ROOT.joinpath(*name.split(".")).with_suffix(".py")).exists()
    }
    return sorted(migrations | imported | {path for pattern in MADE_BY for path in ROOT.glob(pattern)})


def make(kept: Path) -> None:
    """Every database at its newest migration; whole before it has its name."""
    new = kept.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    with (
        own_directory() as directory,
        embedded_postgres(directory, SUPERUSER, keep=partial(copy, to=new)) as made,
    ):
        migrate(made)
    new.rename(kept)


def migrate(server: Postgres) -> None:
    """In a process of its own: what it imports and asks the settings for is not a test's business."""
    names = [PREFIX + service for service in services()]
    databases.prepare(server, databases.every_role(OWNER, RELAY, ROLES), names)
    subprocess.run(
        [sys.executable, "-P", "-m", "tooling.migrate"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment(server)},
        check=True,
    )


def environment(server: Postgres) -> dict[str, str]:
    """Settings of whoever works with the cluster's databases."""
    return {
        "ENVIRONMENT": "test",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(server.port),
        "POSTGRES_DATABASE_PREFIX": PREFIX,
        "POSTGRES_ROLES_SECRET": ROLES,
        "POSTGRES_OWNER_PASSWORD": OWNER,
        "POSTGRES_RELAY_PASSWORD": RELAY,
    }


def forget(shelf: Path) -> None:
    """Clusters that nobody has used for longest, and what was broken off."""
    made = sorted((path for path in shelf.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in made[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
