"""Make the virtual environment from the hashed lock, once, and become `tooling.cli` inside it; standard
library only.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tooling import install, pythons

ROOT = Path(__file__).resolve().parent.parent
RUN, CHECK = "requirements.lock", "requirements-dev.lock"  # the second holds all of the first
INSTALLER = "requirements-installer.lock"
HELP = "docs/reference/commands.txt"  # tooling/generate/commands.py
MARKER = "heidi.json"


def main(arguments: Sequence[str]) -> NoReturn:
    """Never returns: the process becomes the command, or ends with one sentence."""
    venv = venv_directory()
    asks = is_question(arguments)
    lock = CHECK if arguments[:1] in (["test"], ["release"]) and not asks else RUN
    try:
        if not is_ready(venv, lock):
            if asks:
                answer(arguments)
            if is_in_use(venv):
                keep(venv, lock, arguments)
            signal.signal(signal.SIGTERM, interrupted)  # as Ctrl-C: the old environment comes back
            with only_one(venv):
                if not is_ready(venv, lock):  # another ./heidi may have made it while we waited
                    make(venv, lock)
    except install.Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run ./heidi again: it starts over cleanly.")
    become(venv, arguments)


def provide_checks() -> None:
    """Add what the checks need to the environment of this process, now that it is needed; install.Failed."""
    venv = Path(sys.prefix)
    if venv == venv_directory() and not is_ready(venv, CHECK):
        with only_one(venv):
            make(venv, CHECK)


def interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    """Somebody asks us to end: a timeout, a closing session."""
    raise KeyboardInterrupt


def is_question(arguments: Sequence[str]) -> bool:
    """Whether only help or the version is asked for, for which nothing has to be installed."""
    return not arguments or arguments[0] == "--version" or not {"-h", "--help"}.isdisjoint(arguments)


def answer(arguments: Sequence[str]) -> NoReturn:
    """From what is written down."""
    if arguments[:1] == ["--version"]:
        found = re.search(r'__version__ = "(.+?)"', (ROOT / "shared" / "__init__.py").read_text("utf-8"))
        sys.exit(print(f"HEIDI {found[1] if found else 'unknown'}"))
    words = [word for word in arguments if not word.startswith("-")]
    parts = (ROOT / HELP).read_text("utf-8").split("\n$ ")
    helps = dict(part.removeprefix("$ ").split("\n", 1) for part in parts)
    while words and " ".join(("./heidi", *words, "--help")) not in helps:
        words.pop()  # `logs gateway --help`
    sys.exit(print(helps[" ".join(("./heidi", *words, "--help"))].rstrip()))


def is_in_use(venv: Path) -> bool:
    """Whether a running stack of this checkout works with an environment that would be replaced."""
    if venv != ROOT / ".venv" or read_marker(venv).get(RUN) in {None, digest(ROOT / RUN)}:
        return False  # half made, or only to be added to
    try:
        with Path(os.environ.get("HEIDI_HOME") or ROOT / ".heidi", "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def keep(venv: Path, lock: str, arguments: Sequence[str]) -> NoReturn:
    """What a running stack works with stays until it has stopped."""
    if lock == CHECK:
        raise install.Failed(
            f"{lock} has changed, and HEIDI is running with the packages of before: stop it first (./heidi down), "
            "or name another directory for the tests with HEIDI_VENV."
        )
    install.say(f"{lock} has changed; HEIDI is running with the packages of before: ./heidi down, then up.")
    become(venv, arguments)


def venv_directory() -> Path:
    """`.venv` in the repository, or what HEIDI_VENV names."""
    return Path(os.path.abspath(os.environ.get("HEIDI_VENV") or ROOT / ".venv"))  # noqa: PTH100 (keeps links as they are)


def is_ready(venv: Path, lock: str) -> bool:
    """Whether it was finished, here, from this very lock."""
    return read_marker(venv).get(lock) == digest(ROOT / lock) and os.access(venv / "bin" / "python", os.X_OK)


def read_marker(venv: Path) -> dict[str, str]:
    """What was installed; empty when the installation was not finished or the directory has moved (scripts
    name it).
    """
    try:
        marker: dict[str, str] = json.loads((venv / MARKER).read_text())
    except (OSError, ValueError):
        return {}
    return marker if marker.get("path") == str(venv) else {}


def digest(path: Path) -> str:
    """The SHA-256 of what the lock demands, comments aside; a clear end when the file is not there."""
    try:
        lines = path.read_bytes().splitlines()
        return hashlib.sha256(
            b"\n".join(line for line in lines if not line.lstrip().startswith(b"#"))
        ).hexdigest()
    except OSError:
        raise install.Failed(
            f"{path} is missing or unreadable: this is not a whole checkout of HEIDI."
        ) from None


@contextmanager
def only_one(venv: Path) -> Iterator[None]:
    """Two commands started at once must not install over each other; pip inherits the lock, should we be
    killed.
    """
    try:
        directory = os.open(venv.parent, os.O_RDONLY)
    except OSError as error:
        raise install.Failed(
            f"The virtual environment cannot be made in {venv.parent}: {error.strerror}."
        ) from None
    os.set_inheritable(directory, True)
    try:
        with suppress(OSError):  # some network file systems cannot lock a directory
            wait_for(directory)
        yield
    finally:
        os.close(directory)


def wait_for(directory: int) -> None:
    """Take the lock, saying so if somebody else has it."""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        install.say("Another ./heidi is installing; waiting for it.")
        fcntl.flock(directory, fcntl.LOCK_EX)


def make(venv: Path, lock: str) -> None:
    """Add to a good environment what the checks need, or build a new one beside the old, which returns on
    failure.
    """
    marker = read_marker(venv)
    # what it has stays as it is, so that it is good also when this fails
    if lock == CHECK and is_ready(venv, RUN):
        install.packages(venv, ROOT / CHECK, ROOT / INSTALLER)
        mark(venv, lock)
        return
    if CHECK in marker:  # it had the tools of the checks; losing them with every new lock would be a nuisance
        lock = CHECK
    old = set_aside(venv)
    try:
        install.environment(base_python(venv), venv)
        install.packages(venv, ROOT / lock, ROOT / INSTALLER)
        mark(venv, lock)
    except BaseException:
        restore(venv, old)
        raise
    if old:
        shutil.rmtree(old, ignore_errors=True)


def base_python(venv: Path) -> str:
    """The interpreter under us, or another that can make environments (Debian ships python3 without
    python3-venv).
    """
    base = getattr(sys, "_base_executable", None) or sys.executable
    if pythons.suits(base):
        return str(base)
    other = pythons.find(str(venv))
    if other is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise install.Failed(
            f"Python {version} at {base} lacks its venv module. "
            f"Install it (Debian, Ubuntu: sudo apt install python{version}-venv) and run ./heidi again."
        )
    return other


def set_aside(venv: Path) -> Path | None:
    """Move what is there out of the way, but only if it is a virtual environment."""
    old = venv.with_name(venv.name + ".old")
    if (old / MARKER).exists() and not (venv / MARKER).exists():  # left by an installation that was killed
        shutil.rmtree(venv, ignore_errors=True)
        return old
    if not venv.exists():
        return None
    if any(venv.iterdir()) and not (venv / "pyvenv.cfg").exists():
        raise install.Failed(
            f"{venv} holds something that is not a virtual environment. "
            "Move it away, or name another directory with HEIDI_VENV."
        )
    shutil.rmtree(old, ignore_errors=True)
    try:
        return venv.rename(old)
    except OSError as error:
        raise install.Failed(
            f"{venv} is not up to date and cannot be replaced: {error.strerror}. Run ./heidi as the owner of "
            "the checkout, or name another directory with HEIDI_VENV."
        ) from None


def restore(venv: Path, old: Path | None) -> None:
    """A new environment failed: the last good one still runs the old lock, so that nothing is lost offline."""
    if old and (old / MARKER).exists():
        shutil.rmtree(venv, ignore_errors=True)
        old.rename(venv)


def mark(venv: Path, lock: str) -> None:
    """The last thing written; without it the environment counts as half made."""
    marker = {"path": str(venv)} | {name: digest(ROOT / name) for name in {RUN, lock}}
    new = venv / (MARKER + ".new")
    new.write_text(json.dumps(marker, indent=1))
    new.replace(venv / MARKER)


def become(venv: Path, arguments: Sequence[str]) -> NoReturn:
    """Replace this process; -P and PYTHONPATH make `tooling` this checkout's, whatever the directory we are
    in.

    Bytecode is kept, also where PYTHONDONTWRITEBYTECODE is set: we start many processes, and each would
    compile all that it imports anew (3.9 seconds of CPU for a function, instead of 1).
    """
    python = str(venv / "bin" / "python")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.execv(python, [python, "-P", "-m", "tooling.cli", *arguments])  # noqa: S606 (no shell wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
