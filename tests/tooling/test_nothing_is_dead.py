"""What nothing uses is not there."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tooling.stack.home import ROOT

OURS = ("shared", "functions", "events", "broker", "tooling")
READ = (*OURS, "tests", "bench")


def sources(*folders: str) -> Iterator[Path]:
    return (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


def names(path: Path) -> Iterator[str]:
    """The module's constants, functions and classes; what is decorated is used by whoever decorates it."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign):
            yield from (
                each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)
            )
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.name


def test_every_name_of_a_module_is_used_somewhere() -> None:
    words = Counter(word for path in sources(*READ) for word in re.findall(r"\w+", path.read_text("utf-8")))
    dead = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(*OURS)
        if "migrations" not in path.parts
        for name in names(path)
        if words[name] == 1 and not name.startswith("__") and name != path.stem  # a deployed function
    }
    assert dead == set(), "remove it, or use it"
