"""What the readers of all formats share: what they find, and how long and how much they may read."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from functions.chatbot.document_text import Block
from functions.chatbot.extraction_errors import DocumentTooSlow

MAX_TEXT_CHARS = 5_000_000
MAX_SECONDS = 30.0


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
