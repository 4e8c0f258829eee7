"""Cut a document's text into chunks that can be found, quoted and embedded on their own."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from functions.chatbot.extraction.blocks import Block, from_text
from functions.chatbot.retrieval.words import sentences

TARGET_CHARS = 650
MAX_CHARS = 900
MIN_CHARS = 400


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of 400–900 characters (less only where a document ends), with the headings above it.

    `digest` depends on what is embedded (title, headings, text) and on nothing else, so a chunk that merely
    moved keeps its vector.
    """

    ordinal: int
    headings: tuple[str, ...]
    text: str
    digest: str

    @property
    def heading(self) -> str:
        """The heading path as one line."""
        return " › ".join(self.headings)


def chunk_document(title: str, text: str) -> list[Chunk]:
    """Cut the stored text of a document into chunks, in reading order."""
    passages = merge_short(list(passages_of(from_text(text))))
    return [
        Chunk(ordinal, headings, passage, digest_of(title, headings, passage))
        for ordinal, (headings, passage) in enumerate(passages)
    ]


def searchable(title: str, headings: tuple[str, ...], text: str) -> str:
    """What is embedded of a chunk: its title and headings before its text."""
    return "\n".join((title, *headings, text))


def digest_of(title: str, headings: tuple[str, ...], text: str) -> str:
    return hashlib.sha256(searchable(title, headings, text).encode()).hexdigest()


Passage = tuple[tuple[str, ...], str]


def passages_of(blocks: list[Block]) -> Iterator[Passage]:
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    for block in blocks:
        if block.kind == "heading":
            yield from cut(path, lines)
            lines = []
            path = [above for above in path if above[0] < block.level] + [(block.level, block.text)]
        else:
            lines.extend(pieces(("• " if block.kind == "item" else "") + block.text))
    yield from cut(path, lines)


def cut(path: list[tuple[int, str]], lines: list[str]) -> Iterator[Passage]:
    """Passages of lines, even in size, none longer than MAX_CHARS."""
    headings = tuple(text for _, text in path)
    total = sum(len(line) + 1 for line in lines)
    goal = total / max(1, round(total / TARGET_CHARS))
    passage: list[str] = []
    size = 0
    for line in lines:
        if passage and (size + len(line) + 1 > MAX_CHARS or size + len(line) / 2 > goal):
            yield headings, "\n".join(passage)
            passage, size = [], 0
        passage.append(line)
        size += len(line) + 1
    if passage:
        yield headings, "\n".join(passage)


def pieces(paragraph: str) -> Iterator[str]:
    """A paragraph's sentences where it is long, whole where it is short; a monstrous sentence in parts."""
    for line in paragraph.split("\n"):
        if len(line) <= TARGET_CHARS // 2:
            yield line
            continue
        for sentence in sentences(line):
            yield from split_words(sentence)


def split_words(sentence: str) -> Iterator[str]:
    while len(sentence) > MAX_CHARS:
        at = sentence.rfind(" ", MIN_CHARS, MAX_CHARS)
        at = at if at > 0 else MAX_CHARS
        yield sentence[:at].rstrip()
        sentence = sentence[at:].lstrip()
    if sentence:
        yield sentence


def merge_short(passages: list[Passage]) -> list[Passage]:
    """Join a short passage to the one before it; the headings they don't share move into the text."""
    merged: list[Passage] = []
    for headings, text in passages:
        if merged and (len(text) < MIN_CHARS or len(merged[-1][1]) < MIN_CHARS):
            shared, joined = join(merged[-1], (headings, text))
            if len(joined) <= MAX_CHARS:
                merged[-1] = (shared, joined)
                continue
        merged.append((headings, text))
    return merged


def join(before: Passage, after: Passage) -> Passage:
    shared = 0
    while shared < min(len(before[0]), len(after[0])) and before[0][shared] == after[0][shared]:
        shared += 1
    parts = [*before[0][shared:], before[1], *after[0][shared:], after[1]]
    return before[0][:shared], "\n".join(parts)
