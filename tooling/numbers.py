"""The numbers of migrations: each once within a service, or a module of it, and each after one other."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from shared.runtime.registry import ROOT

NUMBER = re.compile(r"((?:[a-z][a-z0-9]*_)*\d{4})[_.]")
DOWN = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def clashes(root: Path = ROOT) -> list[str]:
    """Two that have one number, and two that come after the same one."""
    return [
        problem
        for folder in sorted(root.glob("functions/*/migrations/versions"))
        for files in [sorted(folder.glob("*.py"))]
        for problem in (*doubled(files), *forks(files))
    ]


def doubled(files: Iterable[Path]) -> list[str]:
    """Sentences about those that have one number."""
    return told(
        files, number, "have one number: give the later one the next that is free, in its name and in it"
    )


def forks(files: Iterable[Path]) -> list[str]:
    """Sentences about those that follow the same one; modules all begin after the service's first."""

    def before(file: Path) -> str:
        down = DOWN.search(file.read_text("utf-8"))
        return f"{number(file)[:-4]} after {down[1]}" if down else ""

    return told(files, before, "follow the same one: let the later one follow the other (down_revision)")


def told(files: Iterable[Path], mark: Callable[[Path], str], sentence: str) -> list[str]:
    """One for each mark that several have."""
    by_mark: dict[str, list[Path]] = {}
    for file in files:
        by_mark.setdefault(mark(file), []).append(file)
    return [
        f"{' and '.join(str(file.relative_to(file.parents[4])) for file in several)} {sentence}"
        for key, several in by_mark.items()
        if key and len(several) > 1
    ]


def number(file: Path) -> str:
    """`0009`, a module's `defects_0001`; empty where the name says none."""
    found = NUMBER.match(file.name)
    return found[1] if found else ""
