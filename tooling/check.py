"""The whole check behind `./heidi test`: quiet about what is well, everything about what is not."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tooling import failures, programs
from tooling.stack.home import ROOT

SCRIPTS = Path(sys.executable).parent
CHECKS = (
    ("lint", (sys.executable, "-m", "ruff", "check", ".")),
    ("format", (sys.executable, "-m", "ruff", "format", "--check", "--quiet", ".")),
    ("types", (sys.executable, "-m", "mypy")),
    ("import rules", (sys.executable, str(SCRIPTS / "lint-imports"))),
    ("generated files", (sys.executable, "-m", "tooling.cli", "generate", "--check")),
)
PYTEST = (sys.executable, "-m", "pytest", "-p", "tooling.selection")
# one more than there are processors: some tests wait for what they have killed; the story's scenes stay in order
WORKERS = str((os.cpu_count() or 1) + 1)
SOME_FAILED, FEW = 1, 5  # pytest's exit code; tests that are tried once more
IN_PARALLEL = ("-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder")


def run(arguments: Sequence[str], *, coverage: bool = False) -> int:
    """All checks and all tests; with arguments only the tests that they choose. The exit code for the command
    line.
    """
    if coverage:
        from tooling.coverage import measure

        return measure(arguments, IN_PARALLEL)
    if arguments:
        return subprocess.call([*PYTEST, *arguments], cwd=ROOT)
    failed = [title for title, command in CHECKS if not passes(title, command)]
    if lacking := programs.provide():
        print(
            f"– skipping what needs {', '.join(lacking)}: not installed (as root, HEIDI_INSTALL=1 installs them)",
            flush=True,
        )
    return tests() or (1 if failed else 0)


def tests() -> int:
    """The whole suite, several files at a time; pytest's exit code.

    A few tests that fail so are tried once more, alone: who passes then is named, and was right to fail beside
    others only if the machine stood still (docs/decisions). Who fails again, or many, or what no test is, fails.
    """
    with tempfile.TemporaryDirectory(prefix="heidi-check-") as directory:
        noted = Path(directory) / "failed"
        code = subprocess.call(
            [*PYTEST, *IN_PARALLEL, "-p", failures.__name__],
            cwd=ROOT,
            env=os.environ | {failures.NOTED: str(noted)},
        )
        names = json.loads(noted.read_text()) if noted.exists() else []
    if code != SOME_FAILED or not 0 < len(names) <= FEW:
        return code
    print("\nOnce more, alone:", *names, sep="\n  ", flush=True)
    if not (again := subprocess.call([*PYTEST, *names], cwd=ROOT)):
        print(f"– {len(names)} failed beside others and passed alone; to be mended: {', '.join(names)}")
    return again


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
