"""The page on which people read a description. It needs nothing but that: script and style stand in it, known
by their hashes.
"""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from functions.platform.documentation.descriptions import SERVICES
from shared.runtime.representation import STYLE, Representation

HERE = Path(__file__).parent


@lru_cache(len(SERVICES) + 1)
def page(service: str = "") -> Representation:
    """One service's page, or everybody's."""
    style, script = (path.read_text("utf-8").strip() for path in (STYLE, HERE / "viewer.js"))
    filled = {
        "{{style}}": style,
        "{{script}}": script,
        "{{services}}": "".join(link(name, service) for name in ("", *SERVICES)),
        "{{description}}": f"{address(service)}/openapi.json",
    }
    text = (HERE / "page.html").read_text("utf-8")
    for hole, value in filled.items():
        text = text.replace(hole, value)
    policy = (
        f"default-src 'none'; style-src '{hashed(style)}'; script-src '{hashed(script)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Representation.of(text.encode(), "text/html; charset=utf-8", Content_Security_Policy=policy)


def address(service: str) -> str:
    """Where a service's documentation is, or that of all."""
    return f"/api/{service}" if service else "/api"


def link(service: str, shown: str) -> str:
    """One entry of the navigation."""
    current = ' aria-current="page"' if service == shown else ""
    return f'<li><a href="{address(service)}/docs"{current}>{service or "all"}</a></li>'


def hashed(text: str) -> str:
    """What a Content-Security-Policy calls a text (CSP 3 §2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
