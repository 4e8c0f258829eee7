"""What the readers of all formats share: what they find, and how long and how much they may read."""

import errno
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from functions.chatbot.extraction.blocks import Block
from functions.chatbot.extraction.errors import DocumentTooSlow

MAX_TEXT_CHARS = 5_000_000
MAX_SECONDS = 30.0
NO_MEMORY = 1  # expat's XML_ERROR_NO_MEMORY


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a format's reader found; the title and language are those that the file itself declares."""

    blocks: tuple[Block, ...]
    title: str | None = None
    language: str | None = None


class Deadline:
    """How long the reading of one document may take."""

    def __init__(self, seconds: float = MAX_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.end = now() + seconds

    def check(self) -> None:
        """Raise DocumentTooSlow once the time is over."""
        if self.now() > self.end:
            raise DocumentTooSlow(seconds=MAX_SECONDS)


def ran_out(error: BaseException | None) -> bool:
    """Whether memory has come to an end, by whatever name the libraries call that: the file may be quite in
    order.
    """
    if error is None:
        return False
    by_name = (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, ParseError) and error.code == NO_MEMORY)
        or (isinstance(error, zlib.error) and str(error).startswith("Error -4 "))
    )
    return by_name or ran_out(error.__cause__ or error.__context__)
