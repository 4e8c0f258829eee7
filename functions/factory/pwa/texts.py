"""The app's own sentences: one file per language in template/texts, each with the same keys."""

import json
from functools import lru_cache
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template"


@lru_cache
def texts(language: str) -> dict[str, str]:
    """All sentences of one language."""
    found: dict[str, str] = json.loads((TEMPLATE / "texts" / f"{language}.json").read_text("utf-8"))
    return found
