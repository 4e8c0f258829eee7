"""Text as the retrieval sees it: folded characters, words, character n-grams and sentences, alike in ten
languages.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

SAME = {
    "ı": "i",
    "ø": "o",
    "æ": "ae",
    "œ": "oe",
    "đ": "d",
    "ł": "l",
    "ي": "ی",  # Arabic and Persian keyboards send different letters for the same word
    "ى": "ی",
    "ك": "ک",
    "ة": "ه",
    "ـ": "",  # tatweel only stretches a word
    "\u200c": "",  # the zero-width non-joiner stands within a word
    "\u200d": "",
    "\u00ad": "",
}


class Folds(dict[int, str]):
    """A translation table that fills itself: what each decomposed character becomes."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if unicodedata.combining(char):
            folded = ""
        elif char.isdecimal():
            folded = str(unicodedata.digit(char))
        else:
            folded = SAME.get(char, char)
        self[code] = folded
        return folded


FOLDS = Folds()
LONGEST_ABBREVIATION = 20  # characters; looking further back would take the square of a line's length
WORD = re.compile(r"\w+")
SENTENCE_END = re.compile(r"(?<=[.!?؟…。])[\"'»”)\]]*\s+(?=[^\s])|\n+")
ABBREVIATION = re.compile(
    r"(?:\b\w|\b\d{1,3}|\b(?:z\.\s?B|d\.\s?h|u\.\s?a|bzw|ca|Nr|\w*str|Tel|Dr|Prof|vgl|inkl|ggf|usw|etc|Mr|Mrs|St|No|approx|"
    r"e\.g|i\.e|bl\.\s?a|f\.\s?eks|t\.\s?ex|ул|г|стр|тел|им|вул|див|напр|örn|vb|bkz))\.$",
    re.IGNORECASE,
)


def fold(text: str) -> str:
    """The text in one form for comparing: compatible characters, lower case, no accents, Latin digits."""
    lower = text.casefold()
    return lower if lower.isascii() else unicodedata.normalize("NFKD", lower).translate(FOLDS)


def folded_words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return WORD.findall(fold(text))


def padded(text: str) -> str:
    """The folded words with one space around each, the form in which n-grams are counted."""
    return f" {' '.join(folded_words(text))} "


def grams(words: list[str], sizes: tuple[int, ...]) -> Iterator[str]:
    """The character n-grams of the words, each word with a space at both ends; words that are shorter
    whole.
    """
    for word in words:
        yield from word_grams(word, sizes)


@lru_cache(maxsize=65_536)
def word_grams(word: str, sizes: tuple[int, ...]) -> tuple[str, ...]:
    """The n-grams of one word."""
    spaced = f" {word} "
    found = [spaced[at : at + size] for size in sizes for at in range(len(spaced) - size + 1)]
    return tuple(found) or (spaced,)


def sentences(text: str) -> list[str]:
    """Split a text into sentences; a line break always ends one, a dot after an abbreviation or a number does
    not.
    """
    found: list[str] = []
    for line in text.split("\n"):
        start = 0
        for match in SENTENCE_END.finditer(line):
            if ABBREVIATION.search(line[max(start, match.start() - LONGEST_ABBREVIATION) : match.start()]):
                continue
            found.append(line[start : match.end()].strip())
            start = match.end()
        found.append(line[start:].strip())
    return [sentence for sentence in found if sentence]
