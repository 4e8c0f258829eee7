"""HTML: the main content's headings, paragraphs, items and table rows, without navigation, scripts and forms."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

from functions.chatbot.extraction.blocks import Block, tidy
from functions.chatbot.extraction.deadline import Deadline, Parsed
from functions.chatbot.extraction.errors import DocumentTooLarge
from functions.chatbot.extraction.plain_text import decode

MAX_HTML_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 500
MAX_ADDRESS = 100
CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "canvas",
        "iframe",
        "object",
        "video",
        "audio",
        "nav",
        "aside",
        "footer",
        "button",
        "select",
        "datalist",
        "dialog",
        "menu",
    ],
)
ENDS_ITSELF = frozenset(["p", "li", "dt", "dd", "tr", "td", "th"])
"""Tags whose end may be left out: the next of the same kind ends them."""
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BREAKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "thead",
        "tbody",
        "tfoot",
        "caption",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "address",
        "hr",
        "details",
        "summary",
        "fieldset",
        "body",
    ],
)
HIDDEN_ROLES = frozenset(
    [
        "navigation",
        "search",
        "banner",
        "contentinfo",
        "complementary",
        "dialog",
        "alertdialog",
        "menu",
        "menubar",
    ]
)
BOXES = frozenset(["div", "section", "ul", "ol", "span", "a"])
AROUND = re.compile(
    r"(?:cookie|consent)[_-]?(?:banner|bar|box|consent|dialog|hint|hinweis|info|layer|message|modal|notice|overlay|popup)|bread-?crumbs?"
    r"|brotkrumen|sie sind hier|you are here|(?:(?:main|site|top|meta|sub|side|page|primary|secondary|footer)[_-]?)?"
    r"(?:nav|navbar|navi|navigation|menu)|skip-?(?:link|nav)s?|(?:site|page)?[_-]?footer",
    re.IGNORECASE,
)
"""What boxes around the content are called (class, id or label, whole) where no element or role says it."""


class Reader(HTMLParser):
    """Collects blocks twice: of the whole page, and of what stands inside <main> or <article>."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(convert_charrefs=True)
        self.deadline = deadline
        self.blocks: list[tuple[Block, bool]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.skipping: int | None = None
        self.main: int | None = None
        self.kind = "paragraph"
        self.level = 0
        self.in_title = False
        self.title: list[str] = []
        self.language: str | None = None
        self.cells = 0
        self.link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.words.append("\n")
        if tag in VOID:
            return
        if tag in ENDS_ITSELF and self.open[-1:] == [tag]:
            self.handle_endtag(tag)
        found = dict(attrs)
        if tag == "html":
            self.language = found.get("lang")
        self.in_title = self.in_title or (tag == "title" and not self.title)
        self.enter(tag, found)
        if tag in BREAKS or tag in HEADINGS or tag == "li":
            self.begin(tag)
        elif tag in {"td", "th"}:
            self.words += [" | "] if self.cells else []
            self.cells += 1
        elif tag == "a" and self.skipping is None:
            self.link = reachable(found.get("href") or ""), len(self.words)

    def enter(self, tag: str, attrs: dict[str, str | None]) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise DocumentTooLarge(limit=MAX_DEPTH, unit="levels")
        if self.skipping is None and (
            tag in SKIPPED
            or is_hidden(attrs)
            or is_around(tag, attrs)
            or (tag == "header" and self.main is None)
        ):
            self.flush()
            self.skipping = len(self.open)
        if self.main is None and (tag in {"main", "article"} or attrs.get("role") == "main"):
            self.flush()
            self.main = len(self.open)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.in_title = False
        if tag == "a":
            self.end_link()
        if tag not in self.open:
            return
        while self.open.pop() != tag:
            pass
        if tag in BREAKS or tag in HEADINGS or tag == "li":
            self.flush()
        if self.skipping is not None and len(self.open) <= self.skipping:
            self.skipping = None
        if self.main is not None and len(self.open) <= self.main:
            self.flush()
            self.main = None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        self.deadline.check()
        if self.in_title:
            self.title.append(data)
        elif self.skipping is None:
            self.words.append(data if "pre" in self.open else re.sub(r"\s+", " ", data))

    def begin(self, tag: str) -> None:
        self.flush()
        if tag in HEADINGS:
            self.kind, self.level = "heading", HEADINGS[tag]
        elif tag == "li":
            self.kind = "item"

    def end_link(self) -> None:
        """Write the address or number after a link whose text does not say it."""
        address, start = self.link or ("", 0)
        self.link = None
        if address and not says("".join(self.words[start:]), address):
            self.words.append(f" ({address})")

    def flush(self) -> None:
        text = tidy("".join(self.words))
        text = text.rstrip(" |") if self.cells else text
        self.words, self.cells = [], 0
        kind, self.kind = self.kind, "paragraph"
        if not text or self.skipping is not None:
            return
        block = {"heading": Block("heading", text, self.level), "item": Block("item", text)}.get(
            kind, Block("paragraph", text)
        )
        self.blocks.append((block, self.main is not None))

    def close(self) -> None:
        super().close()
        self.flush()


def is_hidden(attrs: dict[str, str | None]) -> bool:
    style = (attrs.get("style") or "").replace(" ", "").lower()
    return (
        "hidden" in attrs
        or attrs.get("aria-hidden") == "true"
        or attrs.get("role") in HIDDEN_ROLES
        or "display:none" in style
        or "visibility:hidden" in style
    )


def is_around(tag: str, attrs: dict[str, str | None]) -> bool:
    if tag not in BOXES:
        return False
    names = [*(attrs.get("class") or "").split(), attrs.get("id") or "", attrs.get("aria-label") or ""]
    return any(AROUND.fullmatch(name) for name in names)


def reachable(href: str) -> str:
    """The mail address or the telephone number that a link leads to; nothing for others."""
    scheme, _, rest = href.strip().partition(":")
    address = unquote(rest.partition("?")[0]).strip()
    known = (scheme.lower() == "mailto" and "@" in address) or (
        scheme.lower() == "tel" and any(map(str.isdecimal, address))
    )
    return address if known and len(address) <= MAX_ADDRESS else ""


def says(text: str, address: str) -> bool:
    """Whether a link's text says its address, or the end of its number, however that is written."""
    if "@" in address:
        return address.lower() in text.lower()
    return digits(address)[-6:] in digits(text)


def digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def read_html(data: bytes, deadline: Deadline) -> Parsed:
    """Read a page's main content; where it marks none, all of it."""
    if len(data) > MAX_HTML_BYTES:
        raise DocumentTooLarge(limit=MAX_HTML_BYTES)
    declared = CHARSET.search(data[:4096])
    reader = Reader(deadline)
    text = decode(data, declared[1].decode() if declared else None)
    for at in range(0, len(text), 65_536):
        deadline.check()
        reader.feed(text[at : at + 65_536])
    reader.close()
    main = [block for block, inside in reader.blocks if inside]
    blocks = main if sum(len(block.text) for block in main) >= 200 else [block for block, _ in reader.blocks]
    title = tidy("".join(reader.title)) or None
    return Parsed(tuple(blocks), title, language(reader.language))


def language(declared: str | None) -> str | None:
    from shared.kit.languages import canonical

    return canonical(declared) if declared else None
