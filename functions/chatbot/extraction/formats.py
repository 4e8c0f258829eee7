"""From a file's bytes to its title and text: PDF, Word, HTML, Markdown and plain text; every file is taken as
hostile.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.chatbot.extraction.blocks import tidy, to_text
from functions.chatbot.extraction.deadline import MAX_TEXT_CHARS, Deadline, Parsed, ran_out
from functions.chatbot.extraction.errors import (
    DocumentDamaged,
    DocumentEmpty,
    DocumentTooHeavy,
    DocumentTooLarge,
    DocumentTypeMismatch,
    DocumentTypeUnsupported,
)
from functions.chatbot.retrieval.words import folded_words

MAX_BYTES = 50 * 1024 * 1024
MAX_TITLE_CHARS = 300

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
DOCX_BODY = b"word/document.xml"  # names stand in a zip as they are
ALIASES = {"application/xhtml+xml": HTML, "text/x-markdown": MARKDOWN, "application/x-pdf": PDF}
TYPES = (PDF, DOCX, HTML, MARKDOWN, TEXT)
SUFFIXES = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".html": HTML,
    ".htm": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
}

COMMON = {
    "de": "und der die das ist nicht mit für von werden sie auf den",
    "en": "the and of to is for you with are be that this on",
    "da": "og ikke det er med som af at noget hvad efter mere blev sig kun mig hos",
    "nb": "og ikke det er med som av å noe hva etter mer ble seg bare meg hos",
    "sv": "och inte det är med som av att något vad efter mer blev sig bara mig hos",
    "tr": "ve bir bu için ile da de olarak daha çok gibi ne",
    "ru": "и в не на что с по для это как из от",
    "uk": "і в не на що з та для це як із від є",
    "ar": "في من على إلى عن مع هذا هذه أن التي الذي ما",
    "fa": "در از به که این را با است برای می های آن",
}


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's title, its language where that is clear, its text as light Markdown, and its true type."""

    title: str
    language: str | None
    text: str
    media_type: str


def extract(
    data: bytes, declared_type: str, filename: str = "", deadline: Deadline | None = None
) -> Extracted:
    """Read a document of at most 50 MB; the declared type must be what the bytes are."""
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(limit=MAX_BYTES)
    deadline = deadline or Deadline()
    media_type = checked_type(data, declared_type, filename)
    try:
        parsed = reader_of(media_type)(data, deadline)
    except (MemoryError, RecursionError, DocumentDamaged) as error:
        raise DocumentTooHeavy if ran_out(error) else DocumentDamaged(type=media_type) from error
    text = to_text(parsed.blocks)
    if len(text) > MAX_TEXT_CHARS:
        raise DocumentTooLarge(limit=MAX_TEXT_CHARS, unit="characters")
    if not any(char.isalnum() for char in text):
        raise DocumentEmpty
    return Extracted(title_of(parsed, filename), guess_language(text) or parsed.language, text, media_type)


def checked_type(data: bytes, declared_type: str, filename: str = "") -> str:
    """The true type; what is declared as one thing and is another is refused."""
    declared = declared_type.partition(";")[0].strip().lower()
    declared = ALIASES.get(declared, declared)
    if declared in {"", "application/octet-stream"}:
        declared = next((kind for suffix, kind in SUFFIXES.items() if filename.lower().endswith(suffix)), "")
    if declared not in TYPES:
        raise DocumentTypeUnsupported(declared=declared_type[:100], expected=", ".join(SUFFIXES))
    found = true_type(data)
    fits = (
        found == declared
        or (found == TEXT and declared in {MARKDOWN, HTML})
        or (found == HTML and declared == MARKDOWN)
    )
    if not fits:
        raise DocumentTypeMismatch(declared=declared, found=found)
    return declared


def true_type(data: bytes) -> str:
    """What the bytes are; text without HTML marks is plain text, anything else unknown is
    octet-stream.
    """
    from functions.chatbot.extraction.plain_text import looks_like_html, looks_like_text

    if b"%PDF-" in data[:1024]:
        return PDF
    if data[:4] == b"PK\x03\x04":
        # its reader looks inside: a zip's list may be a bomb itself
        return DOCX if DOCX_BODY in data else "application/zip"
    if not looks_like_text(data):
        return "application/octet-stream"
    return HTML if looks_like_html(data) else TEXT


def reader_of(media_type: str) -> Callable[[bytes, Deadline], Parsed]:
    if media_type == PDF:
        from functions.chatbot.extraction.pdf import read_pdf

        return read_pdf
    if media_type == DOCX:
        from functions.chatbot.extraction.docx import read_docx

        return read_docx
    if media_type == HTML:
        from functions.chatbot.extraction.web_pages import read_html

        return read_html
    from functions.chatbot.extraction.plain_text import read_markdown, read_text

    return read_markdown if media_type == MARKDOWN else read_text


def title_of(parsed: Parsed, filename: str) -> str:
    heading = next((block.text for block in parsed.blocks if block.kind == "heading"), None)
    first = next((block.text.split("\n")[0] for block in parsed.blocks if block.text), "")
    stem = filename.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    title = parsed.title or heading or stem or first
    return " ".join(tidy(title).split())[:MAX_TITLE_CHARS] or first[:MAX_TITLE_CHARS]


def guess_language(text: str) -> str | None:
    """One of the ten languages where its commonest words clearly lead, otherwise None."""
    words = Counter(folded_words(text[:20_000]))
    scores = {tag: sum(words[word] for word in folded(common)) for tag, common in COMMON.items()}
    first, second = sorted(scores, key=lambda tag: -scores[tag])[:2]
    enough = scores[first] >= max(3, 0.04 * sum(words.values()))
    return first if enough and scores[first] > 1.1 * scores[second] else None


def folded(common: str) -> Sequence[str]:
    return list(dict.fromkeys(folded_words(common)))
