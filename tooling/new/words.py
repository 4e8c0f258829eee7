"""Names in their forms: `report_defect` is about a defect, whose class is Defect and whose table is defects."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from tooling.command_failed import CommandFailed

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CLASS = re.compile(r"[A-Z][A-Za-z0-9]+")
LONGEST = 40  # a deployed name is part of addresses in a cluster, which have 63


def resembling(name: str, known: Iterable[str]) -> str:
    """What was probably meant; empty where it is known, or like none."""
    known = sorted(known)
    return "" if name in known else next(iter(get_close_matches(name, known, 1, 0.8)), "")


def checked(name: str, what: str) -> str:
    """The name; a CommandFailed with how it is written."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise CommandFailed(f"{name!r} is no name of a {what}: small_letters_and_digits, at most {LONGEST}.")
    return name


def singular(word: str) -> str:
    """`defects` → `defect`, `categories` → `category`, `boxes` → `box`; what has no plural stays."""
    for end, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(end):
            return word.removesuffix(end) + instead
    return word.removesuffix("s") if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def plural(word: str) -> str:
    """The other way."""
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def camel(word: str) -> str:
    """`defect_photo` → DefectPhoto."""
    return "".join(part.title() for part in word.split("_"))


def snake(name: str) -> str:
    """DefectPhoto → `defect_photo`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def spoken(word: str) -> str:
    """`defect_photo` → `defect photo`."""
    return word.replace("_", " ")


def article(word: str) -> str:
    """With a or an before it."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {spoken(word)}"
