"""A document as it is sent: compressed once, known by its content, sent again only when it has changed (RFC
9110 §8, §13).
"""

import gzip
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from shared.kit.http import JSON, Request, Response

SECONDS = 300  # for which it may be kept unasked
STYLE = Path(__file__).with_name("style.css")  # of all our pages
REFUSED = re.compile(r"\s*q\s*=\s*0(\.0{0,3})?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Representation:
    """One document; two codings of it are two things with a name each."""

    compressed: bytes
    digest: str
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: bytes, content_type: str = JSON, **headers: str) -> "Representation":
        """Ready to be sent, however often."""
        return cls(
            gzip.compress(text, mtime=0),
            hashlib.sha256(text).hexdigest()[:32],
            content_type,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def answer(self, request: Request | None) -> Response:
        """All of it, or 304 to whoever has it."""
        is_gzip, known = False, ""
        if request:
            is_gzip, known = accepts_gzip(request.header("accept-encoding")), request.header("if-none-match")
        etag = f'"{self.digest}{"-gzip" if is_gzip else ""}"'
        headers = self.headers | {
            "ETag": etag,
            "Cache-Control": f"public, max-age={SECONDS}",
            "Vary": "Accept-Encoding, Origin",
        }
        if has(known, etag):
            return Response(304, headers=headers)
        if not is_gzip:
            return Response(200, gzip.decompress(self.compressed), self.content_type, headers)
        return Response(200, self.compressed, self.content_type, headers | {"Content-Encoding": "gzip"})


def accepts_gzip(said: str) -> bool:
    """Whether Accept-Encoding names gzip, or everything, and does not refuse it with a weight of nothing."""
    parts = (part.partition(";") for part in said.lower().split(","))
    weights = {name.strip(): weight for name, _, weight in parts}
    weight = weights.get("gzip", weights.get("*", "q=0"))
    return not REFUSED.fullmatch(weight)


def has(said: str, etag: str) -> bool:
    """Whether If-None-Match names it; a proxy may have called it weak."""
    return etag in {each.strip().removeprefix("W/") for each in said.split(",")} or said.strip() == "*"
