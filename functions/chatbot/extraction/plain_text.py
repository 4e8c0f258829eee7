"""Plain text and Markdown: which characters the bytes are, and where headings, paragraphs and items begin."""

import re
from collections.abc import Iterable

from functions.chatbot.extraction.blocks import Block, tidy
from functions.chatbot.extraction.deadline import Deadline, Parsed

LONGEST_HEADING, LONGEST_MARKED = 1_000, 20_000  # characters; beyond, the patterns below would take minutes
BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
HTML = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(.*)")
FENCE = re.compile(r" {0,3}(?:```|~~~)")
IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")
LINK = re.compile(r"\[([^\]\n]{1,500})\]\((?:<[^>\n]{0,2000}>|[^)\s]{0,2000})(?:\s+\"[^\"\n]{0,500}\")?\)")
EMPHASIS = re.compile(r"(\*\*|__|~~|`)(?=\S)(.{1,2000}?)(?<=\S)\1")
SLANTED = re.compile(r"(?<![\w*])[*_](?=[^\s*_])([^*_\n]{1,2000}?)(?<=\S)[*_](?![\w*])")
TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>|<!--.{0,2000}?-->", re.DOTALL)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def looks_like_text(data: bytes) -> bool:
    """Whether the first bytes hold characters and hardly any control codes."""
    sample = decode(data[:8192])
    return len(CONTROL.findall(sample)) <= len(sample) // 500


def looks_like_html(data: bytes) -> bool:
    """Whether the document begins as HTML does."""
    return HTML.search(data[:2048].replace(b"\x00", b"")) is not None


def decode(data: bytes, declared: str | None = None) -> str:
    """The characters: byte order mark, then UTF-8, then what is declared, then Windows-1252."""
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # a sample cut within a character
        if error.reason == "unexpected end of data" and error.start > len(data) - 4:
            return data[: error.start].decode("utf-8")
    for name in (declared, "cp1252"):
        try:
            return data.decode(name or "utf-8")
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def read_text(data: bytes, deadline: Deadline) -> Parsed:
    """Read plain text; a blank line ends a paragraph."""
    deadline.check()
    paragraphs = (tidy(part) for part in re.split(r"\n[ \t\r]*\n", unix_lines(data)))
    return Parsed(tuple(Block("paragraph", text) for text in paragraphs if text))


def read_markdown(data: bytes, deadline: Deadline) -> Parsed:
    """Read Markdown for its text: headings, paragraphs and items, without marks, links' addresses and tags."""
    lines = without_front_matter(unix_lines(data).split("\n"))
    blocks = tuple(block for block in blocks_of(lines, deadline) if block.text)
    title = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), None)
    return Parsed(blocks, title)


def unix_lines(data: bytes) -> str:
    return decode(data).replace("\r\n", "\n").replace("\r", "\n")


def without_front_matter(lines: list[str]) -> list[str]:
    if lines[:1] == ["---"] and "---" in lines[1:200]:
        return lines[lines.index("---", 1) + 1 :]
    return lines


def blocks_of(lines: Iterable[str], deadline: Deadline) -> Iterable[Block]:
    paragraph: list[str] = []
    kind, fenced = "paragraph", False
    for line in [*lines, ""]:
        deadline.check()
        if FENCE.match(line):
            fenced = not fenced
        elif fenced:
            paragraph.append(line)
        elif (heading := heading_of(line, paragraph if kind == "paragraph" else [])) is not None:
            if not SETEXT.fullmatch(line):
                yield block_of(kind, paragraph)
            yield heading
            paragraph, kind = [], "paragraph"
        elif (item := ITEM.fullmatch(line)) is not None:
            yield block_of(kind, paragraph)
            paragraph, kind = [item[1]], "item"
        elif line.strip():
            paragraph.append(line)
        else:
            yield block_of(kind, paragraph)
            paragraph, kind = [], "paragraph"
    yield block_of(kind, paragraph)


def heading_of(line: str, before: list[str]) -> Block | None:
    if len(line) > LONGEST_HEADING:
        return None
    if (atx := ATX.fullmatch(line)) is not None:
        return Block("heading", plain(atx[2]), len(atx[1]))
    if len(before) == 1 and (setext := SETEXT.fullmatch(line)) is not None:
        return Block("heading", plain(before[0]), 1 if setext[1][0] == "=" else 2)
    return None


def block_of(kind: str, lines: list[str]) -> Block:
    text = plain("\n".join(lines))
    return Block("item", text) if kind == "item" else Block("paragraph", text)


def plain(text: str) -> str:
    if len(text) > LONGEST_MARKED:
        return tidy(text)
    text = LINK.sub(r"\1", IMAGE.sub(r"\1", TAG.sub("", text)))
    return tidy(SLANTED.sub(r"\1", EMPHASIS.sub(r"\2", text)))
