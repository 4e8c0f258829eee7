"""Whose letter it is, and what stands under it: the city's name, colour and logo, why it comes, how it ends."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson

from events.notification import Kind
from shared.kit.contrast import on, readable
from shared.kit.languages import LANGUAGES

DARK = "#202327"  # the ground of a letter where its reader wants it dark


@lru_cache
def words() -> dict[str, dict[str, str]]:
    """The sentences that all letters have, by language."""
    found: dict[str, dict[str, str]] = orjson.loads((Path(__file__).parent / "words.json").read_bytes())
    return found


@dataclass(frozen=True, slots=True)
class Letterhead:
    """A city's; `logo` is the whole address of a picture, empty for none."""

    city: str = "HEIDI"
    colour: str = "#00508c"
    logo: str = ""
    kind: Kind = "account"
    unsubscribe: str = ""

    def word(self, name: str, language: str) -> str:
        """One of the sentences, about this city."""
        return words()[language][name].format(city=self.city)

    def facts(self, language: str) -> dict[str, str]:
        """What the layout shows of it; every pair of colours can be read (WCAG 2.2, 1.4.3), dark ones too."""
        dark = readable(self.colour, DARK)
        return {
            "city": self.city,
            "logo": self.logo,
            "language": language,
            "direction": "rtl" if LANGUAGES[language].right_to_left else "ltr",
            "colour": self.colour,
            "on_colour": on(self.colour),
            "ink": readable(self.colour, "#ffffff"),
            "dark": DARK,
            "dark_colour": dark,
            "on_dark": on(dark),
            "why": self.word(self.kind, language),
            "copy": self.word("copy", language),
            "unsubscribe": self.unsubscribe,
            "unsubscribe_word": self.word("unsubscribe", language),
        }
