"""What a module can reach: the modules of ours that it imports, and what those import, also inside functions;
nothing is run.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

from tooling.registry import ROOT

OURS = ("events", "functions", "shared")


@lru_cache(None)
def reached(module: str) -> frozenset[str]:
    """All modules behind one, itself included."""
    found, waiting = {module}, [module]
    while waiting:
        new = imported(waiting.pop()) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


@lru_cache(None)
def imported(module: str) -> frozenset[str]:
    """The modules that one names."""
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return frozenset(
        each
        for each in named(ast.parse(source.read_bytes()))
        if each.partition(".")[0] in OURS and exists(each)
    )


def named(tree: ast.AST) -> Iterator[str]:
    """Every dotted name in an import that is not for the type checker only; of `from a import b`, a and a.b."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from named(node)


@lru_cache(None)
def exists(module: str) -> bool:
    """Whether this is a module, and not a name in one."""
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
