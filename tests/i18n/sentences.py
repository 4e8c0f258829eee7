"""The error sentences of the code, found by importing it, and what stands in their braces."""

from string import Formatter

from shared.kit.languages import LANGUAGES

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
