"""PDF through pypdf: text page by page, with bounds on pages, unpacked streams and time."""

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from functions.chatbot.extraction.blocks import Block, tidy
from functions.chatbot.extraction.deadline import MAX_TEXT_CHARS, Deadline, Parsed
from functions.chatbot.extraction.errors import DocumentDamaged, DocumentEncrypted, DocumentTooLarge

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 1_000
MAX_HEADING_CHARS = 120
HYPHENATED = re.compile(r"(?<=[a-zäöüßæøåçğıöşü])[-\u00ad\u2010]\n(?=[a-zäöüßæøåçğıöşü])")
ENDS = (".", "!", "?", ":", ";", "؟", "…")
LIST_MARK = re.compile(r"(?:[•▪◦‣●○–*-]|\d{1,2}[.)])\s+")
MACHINE_MADE = re.compile(
    r"\.(docx?|indd|xlsx?|pptx?|pdf|odt|qxd)$|^(untitled|microsoft word|unbenannt)", re.IGNORECASE
)
REPEATED_ON = 0.6


def read_pdf(data: bytes, deadline: Deadline) -> Parsed:
    """Read a PDF's text layer; lines that most pages repeat (headers, footers) are left out."""
    from pypdf.errors import LimitReachedError, PyPdfError

    # it reports every oddity of a file, we report the file
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        pages, title = pages_of(data, deadline)
    except LimitReachedError as error:
        raise DocumentTooLarge(limit=MAX_TEXT_CHARS) from error
    except (
        PyPdfError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OSError,
        ZeroDivisionError,
        AssertionError,
        NotImplementedError,
        OverflowError,
        EOFError,
    ) as error:
        raise DocumentDamaged(type="pdf") from error
    blocks = [block for page in without_repeated(pages) for block in blocks_of(page)]
    return Parsed(tuple(blocks), title)


def pages_of(data: bytes, deadline: Deadline) -> tuple[list[list[str]], str | None]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentEncrypted
    if len(reader.pages) > MAX_PAGES:
        raise DocumentTooLarge(limit=MAX_PAGES, unit="pages")
    pages, size = [], 0
    for page in reader.pages:
        deadline.check()
        text = page.extract_text(visitor_operand_before=lambda *_: deadline.check())
        size += len(text)
        if size > MAX_TEXT_CHARS:
            raise DocumentTooLarge(limit=MAX_TEXT_CHARS, unit="characters")
        pages.append(HYPHENATED.sub("", text).splitlines())
    return pages, declared_title(reader)


def declared_title(reader: "PdfReader") -> str | None:
    """The title in the metadata, unless it is what word processors write there by themselves."""
    title = tidy(str((reader.metadata.title if reader.metadata else None) or ""))
    return None if MACHINE_MADE.search(title) else title or None


def without_repeated(pages: list[list[str]]) -> list[list[str]]:
    if len(pages) < 4:
        return pages
    edges = Counter(line for page in pages for line in {shape(line) for line in page[:3] + page[-3:]} if line)
    repeated = {line for line, found in edges.items() if found >= REPEATED_ON * len(pages)}
    return [[line for line in page if shape(line) not in repeated] for page in pages]


def shape(line: str) -> str:
    """A line with its numbers blanked, so that 'page 3 of 9' and 'page 4 of 9' are the same line."""
    return re.sub(r"\d+", "0", line.strip())


def blocks_of(lines: list[str]) -> Iterator[Block]:
    paragraph: list[str] = []
    widest = max((len(line) for line in lines), default=0)
    for line in [*lines, ""]:
        text = tidy(line)
        starts_item = bool(LIST_MARK.match(text))
        if paragraph and (not text or starts_item):
            yield block_of(paragraph)
            paragraph = []
        if text:
            paragraph.append(text)
            if text.endswith(ENDS) and len(text) < 0.75 * widest:  # a short last line ends a paragraph
                yield block_of(paragraph)
                paragraph = []


def block_of(lines: list[str]) -> Block:
    text = " ".join(lines)
    if mark := LIST_MARK.match(text):
        return Block("item", text[mark.end() :])
    alone = (
        len(lines) == 1 and len(text) <= MAX_HEADING_CHARS and not text.endswith(ENDS) and text[:1].isupper()
    )
    return Block("heading", text, 2) if alone and len(text.split()) <= 12 else Block("paragraph", text)
