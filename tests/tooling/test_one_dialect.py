"""The house speaks one dialect: no name begins with an underscore, no rule is set aside without a reason."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.tooling.test_nothing_is_dead import OURS, READ, sources
from tooling.stack.home import ROOT

SET_ASIDE = re.compile(r"# (noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?)\s*$")
HIDDEN = re.compile(r"_[A-Za-z]")
OF_LIBRARIES = frozenset({"_get_socket", "_usock"})  # theirs, which a class of ours overrides or takes over


def hidden(tree: ast.AST) -> Iterator[str]:
    """What a module or a class defines, and what an object keeps of itself, under a name with an underscore."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from filter(HIDDEN.match, (name for each in node.body for name in defined(each)))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and HIDDEN.match(node.attr):
            yield from (node.attr,) if ast.unparse(node.value) in {"self", "cls"} else ()


def defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds; what stands under `if` and `try` too."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def test_no_name_begins_with_an_underscore() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(*OURS)
        if "versions" not in path.parts
        for name in hidden(ast.parse(path.read_text("utf-8")))
        if name not in OF_LIBRARIES
    }
    assert found == set(), (
        "say what it is, without an underscore; what only one module uses is found there anyway"
    )


@pytest.mark.parametrize(
    "source",
    [
        "_LIMIT = 3",
        "def _helper(): ...",
        "class _Row: ...",
        "class Row:\n    def _read(self): ...",
        "class Row:\n    def __init__(self):\n        self._cells, self.size = [], 0",
        "try:\n    _fast = True\nexcept ImportError:\n    _fast = False",
    ],
)
def test_each_kind_of_hidden_name_is_seen(source: str) -> None:
    assert list(hidden(ast.parse(source)))


def test_a_local_placeholder_is_none() -> None:
    assert not list(hidden(ast.parse("def head(call, _options):\n    _, rest = call\n    return rest")))


def test_whoever_sets_a_rule_aside_says_why() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(*READ)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if SET_ASIDE.search(line)
    ]
    assert bare == [], (
        "write `# noqa: S310 (our own address)`, `# type: ignore[misc]  # botocore has no types`"
    )


@pytest.mark.parametrize(
    ("line", "is_bare"),
    [
        ("x = 1  # NOQA: S310", True),
        ("x = 1  # NOQA: S310, S311", True),
        ("x = 1  # NOQA: S310 (our own address)", False),
        ("x = 1  # TYPE: IGNORE[misc]", True),
        ("x = 1  # TYPE: IGNORE", True),
        ("x = 1  # TYPE: IGNORE[misc]  # botocore has no types", False),
    ],
)
def test_a_bare_mark_is_told_from_one_with_its_reason(line: str, is_bare: bool) -> None:
    assert (
        bool(SET_ASIDE.search(line.replace("NOQA", "noqa").replace("TYPE: IGNORE", "type: ignore")))
        is is_bare
    )
