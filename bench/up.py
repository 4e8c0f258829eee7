"""What a newcomer waits for: `./heidi up` from a clean clone, and again when everything is there.

    python -m bench.up [--again 3]

Clones this checkout (what is committed), and starts it with an environment, a home and ports of its own.
Packages come from where pip finds them: a warm pip cache or a near index makes the first run shorter.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.stack import ROOT
from tooling.stack.ports import DEFAULTS, free_port

FOREIGN = (
    "PYTHON",
    "HEIDI_",
    "VIRTUAL_ENV",
    "POSTGRES_",
    "REDIS_",
    "DATABASE_URL",
    "BROKER_",
    "S3_",
    "SMTP_",
)
FIRST_GOAL, AGAIN_GOAL = 90, 4


@contextmanager
def clone() -> Iterator[Path]:
    """A fresh copy of the repository; whatever runs from it is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="heidi-up-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL runs as somebody else
        copy = Path(directory) / "heidi"
        subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(copy)], check=True)
        yield copy


def environment() -> dict[str, str]:
    """Ours without what would lead into this checkout's stack, with ports that nobody has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    ports: set[int] = set()
    while len(ports) < len(DEFAULTS):
        ports.add(free_port())
    return kept | {name: str(port) for name, port in zip(DEFAULTS, ports, strict=True)}


def heidi(copy: Path, env: dict[str, str], *words: str) -> float:
    """Run a command of the clone; how many seconds it took."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(copy / "heidi"), *words],
        cwd=copy,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"./heidi {' '.join(words)}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--again", type=int, default=3)
    times, env = parser.parse_args().again, environment()
    with clone() as copy:
        try:
            print(
                f"first, with installation: {heidi(copy, env, 'up', '-d'):.1f} s (goal {FIRST_GOAL})",
                flush=True,
            )
            for _ in range(times):
                heidi(copy, env, "down")
                print(f"again: {heidi(copy, env, 'up', '-d'):.1f} s (goal {AGAIN_GOAL})", flush=True)
        finally:
            heidi(copy, env, "reset", "--yes")


if __name__ == "__main__":
    main()
