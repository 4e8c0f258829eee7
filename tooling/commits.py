"""Whether commit messages say what kind of change they are: releases are made from that.

python3 -m tooling.commits origin/main..HEAD
"""

import re
import subprocess
import sys
from collections.abc import Iterable

KINDS = (
    "feat",
    "fix",
    "perf",
    "refactor",
    "docs",
    "test",
    "bench",
    "build",
    "ci",
    "style",
    "chore",
    "revert",
)
SUBJECT = re.compile(rf"(?:{'|'.join(KINDS)})(?:\([a-z0-9-]+\))?!?: \S.*")


def unconventional(subjects: Iterable[str]) -> list[str]:
    """Those that are not `kind: what` or `kind(where): what` (conventionalcommits.org, 1.0.0)."""
    return [subject for subject in subjects if not SUBJECT.fullmatch(subject)]


def main() -> int:
    """1 if a commit of the range, merges aside, does not say it."""
    log = subprocess.run(
        ["git", "log", "--no-merges", "--format=%s", *sys.argv[1:2]],
        capture_output=True,
        text=True,
        check=True,
    )
    for subject in (wrong := unconventional(log.stdout.splitlines())):
        print(f"not `kind: what` with one of {', '.join(KINDS)}: {subject}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
