"""A document's text as blocks (headings, paragraphs, list items), and the light Markdown in which it is
stored.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

HEADING = re.compile(r"(#{1,6}) (.+)", re.DOTALL)
NEEDS_ESCAPE = re.compile(r"^(?=#{1,6} |- |\\)")
SPACES = re.compile(r"[^\S\n]+")
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Block:
    """One heading (level 1–6), paragraph or list item; level is 0 for the latter two."""

    kind: Literal["heading", "paragraph", "item"]
    text: str
    level: int = 0


def tidy(text: str) -> str:
    """The text without control characters, with single spaces, no blank lines and no space at line
    ends.
    """
    lines = (SPACES.sub(" ", line).strip() for line in UNSEEN.sub("", text).splitlines())
    return "\n".join(line for line in lines if line)


def to_text(blocks: Iterable[Block]) -> str:
    """Write blocks as light Markdown, separated by blank lines."""
    return "\n\n".join(write(block) for block in blocks if block.text)


def write(block: Block) -> str:
    if block.kind == "heading":
        return "#" * block.level + " " + block.text.replace("\n", " ")
    if block.kind == "item":
        return f"- {block.text}"
    return NEEDS_ESCAPE.sub(r"\\", block.text)


def from_text(text: str) -> list[Block]:
    """Read what `to_text` wrote."""
    return [read(part) for part in text.split("\n\n") if part.strip()]


def read(part: str) -> Block:
    if heading := HEADING.fullmatch(part):
        return Block("heading", heading[2].strip(), len(heading[1]))
    if part.startswith("- "):
        return Block("item", part[2:])
    return Block("paragraph", part.removeprefix("\\"))
