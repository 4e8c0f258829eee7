"""Docstrings as they are shown: a paragraph is one line there, however it is filled here."""

import inspect
import re

LAID_OUT = re.compile(r"^(\s|[-*·|] |\d+\. )", re.MULTILINE)


def shown(doc: str | None) -> str:
    """The paragraphs, an empty line between them; what is laid out on purpose (lists, code) stays as it is."""
    paragraphs = inspect.cleandoc(doc or "").split("\n\n")
    return "\n\n".join(each if LAID_OUT.search(each) else " ".join(each.split()) for each in paragraphs)


def first(doc: str | None) -> str:
    """The first paragraph."""
    return shown(doc).partition("\n\n")[0]


def rest(doc: str | None) -> str:
    """What follows it."""
    return shown(doc).partition("\n\n")[2]
