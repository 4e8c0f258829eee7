"""What people are told when something goes wrong, and which translations of it are missing.

English stands in the code. A translation is written beside the service, or null there: awaited.
"""

import ast
import importlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from shared.errors import Problem
from shared.i18n import LOCALES, catalogue, texts_of, thing
from shared.kit.languages import LANGUAGES
from tooling.registry import ROOT

ROOMS = ("functions", "shared", "tooling")
TRANSLATED = [language for language in LANGUAGES if language != "en"]  # English is the code's own sentence


class Text(NamedTuple):
    """What a folder of texts has to say, and what it is in English."""

    folder: Path
    key: str
    english: str


class Gap(NamedTuple):
    """A text that one language lacks, and whether it is said to be awaited."""

    text: Text
    language: str
    awaited: bool

    def __str__(self) -> str:
        file = (self.text.folder / f"{self.language}.json").relative_to(ROOT)
        return f'{file}: "{self.text.key}": "{self.text.english}"'


def gaps() -> list[Gap]:
    """Every text that a language lacks."""
    return [
        Gap(text, language, text.key in said)
        for text in wanted()
        for language in TRANSLATED
        if not (said := catalogue(language, text.folder)).get(text.key)
    ]


def wanted() -> list[Text]:
    """Everything that must be said in every language, in the order of the files."""
    sentences = {
        Text(texts_of(problem.__module__), code, problem.message) for problem, code in problems().items()
    }
    shared = catalogue(TRANSLATED[0], LOCALES)
    names = {
        Text(LOCALES if name in shared else texts_of(module), name, thing(name, "en", module))
        for module, name in things()
    }
    return sorted(sentences | names)


@lru_cache(1)
def problems() -> dict[type[Problem], str]:
    """Every error of the code with its code; those of tests are left out."""
    for room in ("functions", "shared"):
        for path in sources(room):
            importlib.import_module(module_of(path))
    return {
        problem: problem.code for problem in family(Problem) if problem.__module__.partition(".")[0] in ROOMS
    }


def family(problem: type[Problem]) -> Iterator[type[Problem]]:
    """A class and all below it."""
    yield problem
    for child in problem.__subclasses__():
        yield from family(child)


@lru_cache(1)
def things() -> frozenset[tuple[str, str]]:
    """What the code can say is missing, with the module that says so: of `NotFound("Listing", …)`, and of what
    `get_or_404` looks up.
    """
    return frozenset(
        (module_of(path), name)
        for room in ROOMS
        for path in sources(room)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and (name := looked_up(node))
    )


def looked_up(node: ast.Call) -> str:
    """The name of the thing that a call may find missing, or nothing."""
    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
    match (called, node.args):
        case ("NotFound", [ast.Constant(value=str(name)), *_]):
            return name
        case ("get_or_404", [ast.Name(id=name), *_]):
            return name
    return ""


def sources(room: str) -> Iterator[Path]:
    """The modules of a room, without what is run by itself."""
    for path in sorted((ROOT / room).rglob("*.py")):
        if "migrations" not in path.parts and path.stem != "__main__":
            yield path


def module_of(path: Path) -> str:
    """As it is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
