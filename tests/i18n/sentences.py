"""The error sentences of the code, found by importing it, and what stands in their braces."""

import importlib
from collections.abc import Iterator
from functools import lru_cache
from string import Formatter

from shared.errors import Problem
from shared.kit.languages import LANGUAGES
from tooling.registry import ROOT

ROOMS = ("functions", "shared", "broker", "tooling")
TRANSLATED = [language for language in LANGUAGES if language != "en"]  # English is the code's own sentence
RIGHT_TO_LEFT = [language.tag for language in LANGUAGES.values() if language.right_to_left]
ISOLATED = "\u2068{}\u2069"  # FIRST STRONG ISOLATE … POP DIRECTIONAL ISOLATE (UAX #9 §2.4.2)

LETTERS_OF_A_NEIGHBOUR = {
    "ar": "یکگپچژ",
    "fa": "يكةى",
    "ru": "іїєґІЇЄҐ",
    "uk": "ыэъёЫЭЪЁ",
    "da": "äöÄÖß",
    "nb": "äöÄÖß",
    "sv": "æøÆØß",
    "de": "æøåı",
    "tr": "äßæøå",
}
QUOTES = {
    "ar": "«»",
    "da": "»«",
    "de": "„“",
    "en": "“”",
    "fa": "«»",
    "nb": "«»",
    "ru": "«»",
    "sv": "””",
    "tr": "“”",
    "uk": "«»",
}


def family(problem: type[Problem]) -> Iterator[type[Problem]]:
    """A class and all below it."""
    yield problem
    for child in problem.__subclasses__():
        yield from family(child)


@lru_cache(1)
def problems() -> dict[type[Problem], str]:
    """Every error of the code with its code; those of tests are left out."""
    for room in ("functions", "shared"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and path.stem != "__main__":
                importlib.import_module(
                    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                )
    return {
        problem: problem.code for problem in family(Problem) if problem.__module__.partition(".")[0] in ROOMS
    }


def placeholders(sentence: str) -> list[str]:
    """What stands in braces, with repetitions; with whatever else a format string can hold, so that it is
    noticed.
    """
    return sorted(
        name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
        for _, name, spec, conversion in Formatter().parse(sentence)
        if name is not None
    )


def wrong_letters(language: str, sentence: str) -> set[str]:
    """Letters and quotation marks that another language would use."""
    marks = set("„“”»«'\"‘’") - set(QUOTES[language]) - ({"’"} if language in {"uk", "tr", "en"} else set())
    return set(sentence) & (set(LETTERS_OF_A_NEIGHBOUR.get(language, "")) | marks)
