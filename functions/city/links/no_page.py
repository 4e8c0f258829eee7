"""What a link says where nothing can show its thing: the city's name, and where to look."""

from functools import lru_cache
from html import escape
from pathlib import Path

import orjson

from shared.context import Context
from shared.kit.http import Response
from shared.kit.languages import LANGUAGES

PAGE = """<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}</title><link rel="stylesheet" href="/links/style.css"></head>
<body><main><h1><bdi>{name}</bdi></h1><p>{look}</p></main></body></html>"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@lru_cache
def texts() -> dict[str, str]:
    """The sentence of the page, by language."""
    found: dict[str, str] = orjson.loads((Path(__file__).parent / "look.json").read_bytes())
    return found


def nowhere(ctx: Context) -> Response:
    """The page, in the reader's language."""
    body = PAGE.format(
        language=ctx.language,
        direction="rtl" if LANGUAGES[ctx.language].right_to_left else "ltr",
        name=escape(ctx.tenant.name),
        look=escape(texts()[ctx.language]),
    )
    return Response(200, body.encode(), "text/html; charset=utf-8", HEADERS)
