"""The pages that mails lead to, their script, style and texts. Nothing comes from other hosts."""

from functools import lru_cache
from pathlib import Path

from shared.runtime.representation import STYLE, Representation

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
MAILED = ("invitation", "verify-email", "reset-password", "confirm-guest")
FILES = {name: HERE / f"{name}.html" for name in MAILED} | {
    "page.js": HERE / "page.js",
    "texts.json": HERE / "texts.json",
    "style.css": STYLE,
}
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".json": "application/json"}


@lru_cache(len(FILES))
def page(name: str) -> Representation:
    """One of FILES."""
    path = FILES[name]
    return Representation.of(path.read_bytes(), f"{TYPES[path.suffix]}; charset=utf-8", **HEADERS)
