"""What may have got into a text by accident and must not be read: tokens, passwords, addresses of people."""

import re

HIDDEN = "[hidden]"
SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a JWT
    (re.compile(r"://[^\s/@:]*:[^\s/@]+@"), f"://{HIDDEN}@"),  # a URL with a password
    (
        re.compile(
            r"""(?i)(\w*(?:password|passwd|secret|token|api_?key|credential)\w*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&})]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), HIDDEN),  # a mail address
    (re.compile(r"\)=\([^)]*\)"), f")=({HIDDEN})"),  # Postgres: Key (name)=(value)
)


def scrub(text: str) -> str:
    """The text without what must not be read."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text
