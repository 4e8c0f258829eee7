"""Where on this machine is a Python new enough? Written for any Python from 3.6 on, because any may be asked
first.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NAMES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3")
PROBE = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] < {OLDEST!r})"


def find(venv: str) -> "str | None":
    """The first interpreter that is new enough and can make virtual environments, or None."""
    for path in candidates(venv):
        if suits(path):
            return path
    return None


def candidates(venv: str) -> "list[str]":
    """Interpreters worth asking: the environment made last time, then PATH, then pyenv's versions, newest
    first.
    """
    found = [str(Path(venv, "bin", "python"))]
    found += [path for path in map(shutil.which, NAMES) if path]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    for name in NAMES[:-1]:
        version = name[len("python") :]
        found += sorted(str(path) for path in pyenv.glob(f"{version}.*/bin/python3"))
    return [path for path in found if os.access(path, os.X_OK)]


def suits(path: str) -> bool:
    """Asked by running it: pyenv puts shims on PATH for versions that are not there."""
    try:
        return subprocess.call([path, "-I", "-c", PROBE], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def too_old() -> str:
    """What to say when there is none."""
    have, need = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST))
    return (
        f"HEIDI needs Python {need} or newer with its venv module; this is Python {have} and no newer one was found. "
        f"Install it (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13) "
        "and run ./heidi again."
    )
