"""Translated texts: one JSON file per language in shared/locales, the English sentence as the last resort."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

LOCALES = Path(__file__).parent / "locales"
# what can be missing, by its name in the code, in all languages
THINGS = Path(__file__).parent / "things.json"


class Blank(dict[str, Any]):
    """Values for a sentence; what is missing shows as a dash, never as an exception."""

    def __missing__(self, key: str) -> str:
        return "–"


@lru_cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of one language, read once, at first use."""
    import orjson

    path = LOCALES / f"{language}.json"
    texts: dict[str, str] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return texts


@lru_cache(1)
def things() -> dict[str, dict[str, str]]:
    """What the kinds of things are called, read once, when something is missing."""
    import orjson

    found: dict[str, dict[str, str]] = orjson.loads(THINGS.read_bytes())
    return found


def thing(name: str, language: str) -> str:
    """What a kind of thing is called; its name in the code where nobody has translated it."""
    return things().get(name, {}).get(language, name)


def translate(key: str, language: str, fallback: str, values: Mapping[str, Any]) -> str:
    """The text for a key with its {placeholders} filled; the fallback where a language lacks it."""
    text = catalogue(language).get(key, fallback)
    return text.format_map(Blank(values))
