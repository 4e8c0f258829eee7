"""Word documents (OOXML): a zip of XML whose parts are read with bounds on what they unpack to."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from functions.chatbot.extraction.blocks import Block, tidy
from functions.chatbot.extraction.deadline import Deadline, Parsed
from functions.chatbot.extraction.errors import DocumentDamaged, DocumentEncrypted, DocumentTooLarge

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PART_BYTES = 60 * 1024 * 1024
# tags and attributes in a part: parsed, each takes some hundred bytes, whatever it took in the zip
MAX_MARKS = 2_000_000
MAX_PARTS = 5_000
MAX_COLUMNS = 63
BODY = "word/document.xml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
TRANSITIONAL = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TITLE = "{http://purl.org/dc/elements/1.1/}title"
ENCRYPTED = 0x1


def read_docx(data: bytes, deadline: Deadline) -> Parsed:
    """Read headings, paragraphs, items and table rows of a Word document; deleted text is left out."""
    from defusedxml import DefusedXmlException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > MAX_PARTS:
                raise DocumentTooLarge(limit=MAX_PARTS, unit="parts")
            root = parsed_part(archive, BODY, deadline)
            styles = heading_styles(optional_part(archive, "word/styles.xml", deadline))
            core = optional_part(archive, "docProps/core.xml", deadline)
            blocks = tuple(blocks_of(root, styles, deadline))
    except (
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        DefusedXmlException,
        OSError,
        KeyError,
        ValueError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise DocumentDamaged(type="docx") from error
    title = core.findtext(TITLE) if core is not None else None
    return Parsed(blocks, tidy(title or "") or None)


def optional_part(archive: zipfile.ZipFile, name: str, deadline: Deadline) -> "Element | None":
    return parsed_part(archive, name, deadline) if name in archive.namelist() else None


def parsed_part(archive: zipfile.ZipFile, name: str, deadline: Deadline) -> "Element":
    """Unpack and parse one part, counting the bytes that really come out, whatever the directory claims."""
    from defusedxml.ElementTree import fromstring

    info = archive.getinfo(name)
    if info.flag_bits & ENCRYPTED:
        raise DocumentEncrypted
    unpacked = bytearray()
    with archive.open(info) as part:
        while piece := part.read(1 << 20):
            deadline.check()
            unpacked += piece
            if len(unpacked) > MAX_PART_BYTES:
                raise DocumentTooLarge(limit=MAX_PART_BYTES)
    if unpacked.count(b"<") + unpacked.count(b"=") > MAX_MARKS:
        raise DocumentTooLarge(limit=MAX_MARKS, unit="tags")
    root: Element = fromstring(bytes(unpacked).replace(STRICT, TRANSITIONAL), forbid_dtd=True)
    return root


def heading_styles(styles: "Element | None") -> dict[str, int]:
    """The level of every paragraph style that is a heading, by its outline level or its English name."""
    found: dict[str, int] = {}
    for style in styles.iter(f"{W}style") if styles is not None else ():
        name = value_of(style.find(f"{W}name")).lower()
        outline = value_of(style.find(f"{W}pPr/{W}outlineLvl"))
        if outline.isdigit() and int(outline) < 6:
            found[style.get(f"{W}styleId", "")] = int(outline) + 1
        elif name == "title":
            found[style.get(f"{W}styleId", "")] = 1
        elif name.startswith("heading ") and name[8:].isdigit():
            found[style.get(f"{W}styleId", "")] = min(max(int(name[8:]), 1), 6)
    return found


def value_of(element: "Element | None") -> str:
    return "" if element is None else element.get(f"{W}val", "")


def blocks_of(root: "Element", styles: dict[str, int], deadline: Deadline) -> Iterator[Block]:
    body = root.find(f"{W}body")
    stack = list(reversed(body)) if body is not None else []
    while stack:
        deadline.check()
        element = stack.pop()
        if element.tag == f"{W}p":
            yield from paragraph_blocks(element, styles)
        elif element.tag == f"{W}tr":
            yield from nonempty(Block("paragraph", row_text(element)))
        else:  # tables, content controls and tracked insertions hold more of the same
            stack.extend(reversed(element))


def row_text(row: "Element") -> str:
    """The cells of a row, each in its column: empty ones keep their place, merged ones are written
    once.
    """
    cells = [""] * column_count(row.find(f"{W}trPr/{W}gridBefore"), least=0)
    for cell in cells_of(row):
        above = cell.find(f"{W}tcPr/{W}vMerge")
        goes_on = above is not None and value_of(above) != "restart"
        span = column_count(cell.find(f"{W}tcPr/{W}gridSpan"), least=1)
        cells += ["" if goes_on else text_of(cell), *[""] * (span - 1)]
    while cells and not cells[-1].strip():
        cells.pop()
    return " ".join(" | ".join(cells).split())


def cells_of(row: "Element") -> Iterator["Element"]:
    """A row's own cells, those in content controls too, but not those of tables inside them."""
    for part in row:
        if part.tag == f"{W}tc":
            yield part
        elif part.tag == f"{W}sdt":
            yield from part.iterfind(f"{W}sdtContent/{W}tc")


def column_count(element: "Element | None", *, least: int) -> int:
    """How many columns are meant; Word knows 63 at the most."""
    value = value_of(element)
    return min(max(int(value), least), MAX_COLUMNS) if value.isdecimal() and len(value) < 10 else least


def paragraph_blocks(element: "Element", styles: dict[str, int]) -> Iterator[Block]:
    text = tidy(text_of(element))
    level = styles.get(value_of(element.find(f"{W}pPr/{W}pStyle")), 0)
    if level:
        return nonempty(Block("heading", text, level))
    if element.find(f"{W}pPr/{W}numPr") is not None:
        return nonempty(Block("item", text))
    return nonempty(Block("paragraph", text))


def nonempty(block: Block) -> Iterator[Block]:
    return iter((block,) if block.text else ())


def text_of(element: "Element") -> str:
    parts: list[str] = []
    for node in element.iter():
        if node.tag == f"{W}t":
            parts.append(node.text or "")
        elif node.tag in {f"{W}br", f"{W}cr"} or (node.tag == f"{W}p" and node is not element):
            parts.append("\n")
        elif node.tag == f"{W}tab":
            parts.append(" ")
    return "".join(parts)
