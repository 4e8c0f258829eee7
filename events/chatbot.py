"""What the chatbot service says: about its documents."""

from typing import ClassVar
from uuid import UUID

from events.base import Event


class DocumentIngested(Event):
    """A document is stored and waits to be read."""

    topic: ClassVar[str] = "document.ingested"
    document_id: UUID


class DocumentChunked(Event):
    """A document is cut into chunks that wait to be embedded."""

    topic: ClassVar[str] = "document.chunked"
    document_id: UUID


class DocumentRequested(Event):
    """A page is to be fetched from its address."""

    topic: ClassVar[str] = "document.requested"
    document_id: UUID
