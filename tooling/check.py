"""The whole check behind `./heidi test`: quiet about what is well, everything about what is not."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tooling import programs
from tooling.stack.home import ROOT

SCRIPTS = Path(sys.executable).parent
CHECKS = (
    ("lint", (sys.executable, "-m", "ruff", "check", ".")),
    ("format", (sys.executable, "-m", "ruff", "format", "--check", "--quiet", ".")),
    ("types", (sys.executable, "-m", "mypy")),
    ("import rules", (sys.executable, str(SCRIPTS / "lint-imports"))),
    ("generated files", (sys.executable, "-m", "tooling.cli", "generate", "--check")),
)
PYTEST = (sys.executable, "-m", "pytest")
# one more than there are processors: some tests wait for what they have killed; the story's scenes stay in order
WORKERS = str((os.cpu_count() or 1) + 1)
IN_PARALLEL = ("-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder")


def run(arguments: Sequence[str]) -> int:
    """All checks and all tests; with arguments only the tests that they choose. The exit code for the command
    line.
    """
    if arguments:
        return subprocess.call([*PYTEST, *arguments], cwd=ROOT)
    failed = [title for title, command in CHECKS if not passes(title, command)]
    if lacking := programs.provide():
        print(
            f"– skipping what needs {', '.join(lacking)}: not installed (as root, HEIDI_INSTALL=1 installs them)",
            flush=True,
        )
    code = subprocess.call([*PYTEST, *IN_PARALLEL], cwd=ROOT)  # its closing line is the last we print
    return code or (1 if failed else 0)


def passes(title: str, command: Sequence[str]) -> bool:
    """Run it; its output is shown only if it fails."""
    started = time.monotonic()
    result = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    well = result.returncode == 0
    print(f"{'✓' if well else '✗'} {title}  {time.monotonic() - started:.1f} s", flush=True)
    if not well:
        print(result.stdout, flush=True)
    return well
