"""Translated texts, one JSON file per language: those of a service beside it (`functions/core/texts/de.json`),
those of a module beside that (`functions/modules/defects/texts/de.json`), what all share in shared/locales.

Keys are the codes of errors, and the names of things that can be missing. English sentences stand in the code,
and are what is said where a language lacks one; null stands where a translation is awaited (`./heidi texts`).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

LOCALES = Path(__file__).parent / "locales"
FUNCTIONS = Path(__file__).parent.parent / "functions"
MODULES = "modules"  # the service of services: each of its folders has texts of its own


class Blank(dict[str, Any]):
    """Values for a sentence; what is missing shows as a dash, never as an exception."""

    def __missing__(self, key: str) -> str:
        return "–"


def texts_of(module: str) -> Path:
    """The folder with the texts of whatever a Python module says."""
    top, *rooms = module.split(".")
    if top != "functions" or not rooms:
        return LOCALES
    return FUNCTIONS.joinpath(*rooms[: 2 if rooms[0] == MODULES else 1], "texts")


@lru_cache(None)
def catalogue(language: str, folder: Path) -> dict[str, str | None]:
    """All texts of one language in one folder, read once, at first use."""
    import orjson

    path = folder / f"{language}.json"
    texts: dict[str, str | None] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return texts


def written(key: str, language: str, module: str = "") -> str | None:
    """The text for a key as a module says it; None where nobody has written it in this language yet."""
    return catalogue(language, texts_of(module)).get(key) or catalogue(language, LOCALES).get(key)


def thing(name: str, language: str, module: str = "") -> str:
    """What a kind of thing is called; in English where nobody has translated it: `Defect photo`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()
    return written(name, language, module) or written(name, "en", module) or words


def translate(key: str, language: str, fallback: str, values: Mapping[str, Any], module: str = "") -> str:
    """The text for a key with its {placeholders} filled; the fallback where a language lacks it."""
    return (written(key, language, module) or fallback).format_map(Blank(values))
