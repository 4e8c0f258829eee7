"""What a change can reach: the tests whose imports lead to a changed file, that call a function whose imports
do, that bear its name, or that have changed with it before; the nearest first.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tooling.stack.home import ROOT

ROOMS = ("broker", "events", "functions", "shared", "tests", "tooling")
IMPORTS = re.compile(
    r"^[ \t]*(?:from ([\w.]+) import \(?([^()#\n]*(?:\n[^()]*?\))?)|import ([\w., ]+))", re.MULTILINE
)
QUOTED = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")
FUNCTION = re.compile(r"^@(?:http\.|on\(|tick\()| = (?:eraser|exporter)\(", re.MULTILINE)
ALL_OF_THEM = "records()"  # who writes this speaks of every function
COMMITS, SMALL, FREQUENT = 400, 20, 8
NEXT = 1  # a step, as an import
DELIVERED = "settle("  # and who writes this, of those that hear events


def changes(root: Path = ROOT) -> list[str]:
    """Files that differ from what main and this branch have in common, uncommitted and new ones included."""
    base = next(
        (found for name in ("main", "origin/main") if (found := git(root, "merge-base", "HEAD", name))),
        "HEAD",
    )
    different = git(root, "diff", "--name-only", base.strip()) + git(
        root, "ls-files", "--others", "--exclude-standard"
    )
    return sorted(set(different.split("\n")) - {""})


def git(root: Path, *arguments: str) -> str:
    """What it printed; nothing where it fails."""
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else ""


@dataclass(frozen=True)
class Reach:
    """How far test files and functions are from a change, by steps of import."""

    tests: dict[str, int] = field(default_factory=dict)
    functions: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, changed: Sequence[str], root: Path = ROOT) -> "Reach":
        """From the code as it is."""
        code = Code(root)
        far = code.distances(changed)
        functions = {name: far[path] for name, path in code.functions.items() if path in far}
        tests = {path: far[path] for path in far if is_test(path)}
        for near in (named_after(code.tests, changed), changed_along(root, changed)):
            tests |= {path: min(NEXT, tests.get(path, NEXT)) for path in near if path in code.texts}
        words = {word for path in changed for word in re.findall(r"[a-z]+", path)} - {
            "py",
            "test",
            "tests",
            "functions",
        }
        return cls(nearest_first(tests, words), nearest_first(functions, words))


def named_after(tests: Iterable[str], changed: Iterable[str]) -> set[str]:
    """The tests that are called like a changed file, or like its folder: tests/city/test_quotas.py and
    functions/city/usage/set_city_quotas.py.
    """
    about = [(set(path.split("/")[:-1]), words_of(path)) for path in changed if not is_test(path)]
    return {
        test
        for test in tests
        for folders, words in about
        if (named := words_of(test))
        and (named == words or (named < words and folders & set(test.split("/")[1:-1])))
    }


def words_of(path: str) -> set[str]:
    """What a file is called, in single words."""
    return set(re.findall(r"[a-z]+", Path(path).stem)) - {"test", "init"}


def changed_along(root: Path, changed: Sequence[str]) -> list[str]:
    """The tests that have changed with one of these files, in small commits, more than once; the most frequent
    first.
    """
    mine = {path for path in changed if not is_test(path)}
    counts: Counter[str] = Counter()
    for commit in git(root, "log", "--format=%x00", "--name-only", "-n", str(COMMITS)).split("\0"):
        files = set(commit.split())
        if len(files) <= SMALL and files & mine:
            counts.update(filter(is_test, files))
    return [path for path, times in counts.most_common(FREQUENT) if times > 1]


def nearest_first(found: dict[str, int], words: set[str]) -> dict[str, int]:
    """By distance, then by how much of the change's path is in theirs."""

    def place(one: tuple[str, int]) -> tuple[int, int, str]:
        return one[1], -len(words & set(re.findall(r"[a-z]+", one[0]))), one[0]

    return dict(sorted(found.items(), key=place))


def is_test(path: str) -> bool:
    """Whether pytest finds tests in it."""
    return path.startswith("tests/") and path.rpartition("/")[2].startswith("test_")


class Code:
    """Every file, and which others it leads to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts = {
            str(path.relative_to(root)): path.read_text("utf-8")
            for room in ROOMS
            for path in (root / room).rglob("*.py")
            if "__pycache__" not in path.parts
        }
        self.functions = {
            Path(path).stem.replace("_", "-"): path
            for path, text in self.texts.items()
            if path.startswith("functions/") and "/migrations/" not in path and FUNCTION.search(text)
        }

    @property
    def tests(self) -> list[str]:
        """Files in which pytest finds tests."""
        return [path for path in self.texts if is_test(path)]

    @property
    def listeners(self) -> list[str]:
        """Files of functions that hear events."""
        return [path for path in self.functions.values() if "\n@on(" in self.texts[path]]

    def distances(self, changed: Iterable[str]) -> dict[str, int]:
        """Of every file that leads to a changed one: how many steps lie between."""
        users: dict[str, set[str]] = {}
        for path in self.texts:
            for used in self.leads_to(path):
                users.setdefault(used, set()).add(path)
        far: dict[str, int] = {}
        now = {path for name in changed for path in self.standing_for(name)}
        step = 0
        while now:
            far |= dict.fromkeys(now, step)
            now, step = {user for path in now for user in users.get(path, ())} - far.keys(), step + 1
        return far

    def leads_to(self, path: str) -> Iterator[str]:
        """What it imports; of a test also the functions that it calls by name."""
        text = self.texts[path]
        for module, names, plain in IMPORTS.findall(text):
            for name in re.findall(r"\w+", names) if module else ():
                yield from self.file_of(f"{module}.{name}")
            for whole in [module] if module else re.findall(r"[\w.]+", plain):
                yield from self.file_of(whole)
        if is_test(path) or path.endswith("conftest.py"):
            called = self.functions if ALL_OF_THEM in text else QUOTED.findall(text)
            yield from (self.functions[name] for name in called if name in self.functions)
            yield from self.listeners if DELIVERED in text else ()

    def file_of(self, module: str) -> Iterator[str]:
        """The file of a module of ours."""
        stem = module.replace(".", "/")
        yield from (path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self.texts)

    def standing_for(self, changed: str) -> set[str]:
        """Itself; for what is no Python, or is gone, the Python beside it and the tests that name it."""
        if changed in self.texts:
            return {changed, *self.beside(changed)} if changed.endswith("conftest.py") else {changed}
        name = changed.rpartition("/")[2]
        naming = {path for path in self.tests if name in self.texts[path]}
        return naming | self.about_folder(changed) | set(self.beside(changed))

    def about_folder(self, changed: str) -> set[str]:
        """Of what lies outside of our rooms: the tests that name the nearest folder, `deploy/monitoring`."""
        top, *folders = changed.split("/")[:-1] or [""]
        if not folders or top in ROOMS:
            return set()
        return {
            path for path in self.tests if f'"{folders[0]}' in self.texts[path] and top in path.split("/")
        }

    def beside(self, changed: str) -> list[str]:
        """The Python in the nearest folder above that holds any, where that is a room of ours."""
        folder = changed.rpartition("/")[0]
        while folder:
            if found := [path for path in self.texts if path.rpartition("/")[0] == folder]:
                return found
            folder = folder.rpartition("/")[0]
        return []
