"""A document as an admin gives it and reads it, and what can be wrong with it."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import AliasChoices, Field, model_validator

from shared.errors import Conflict, Invalid
from shared.field_errors import wrong
from shared.runtime.binding import Upload
from shared.schema import Line, Schema, WebAddress


class State(StrEnum):
    """How far a document is."""

    REQUESTED = "requested"
    RECEIVED = "received"
    CHUNKED = "chunked"
    READY = "ready"
    FAILED = "failed"


class DocumentIn(Schema):
    """A file (multipart, or base64 in JSON) or the address of a page; `title` replaces the document's own."""

    file: Upload | None = None
    url: WebAddress | None = None
    title: Line | None = None

    @model_validator(mode="after")
    def one_source(self) -> Self:
        """Refuse neither and both."""
        if (self.file is None) == (self.url is None):
            raise wrong("EITHER_OR", one="file", other="url")
        return self


class DocumentNotRead(Invalid):
    message = "The document could not be read within a day. Have it read again, or give it in anew."


class DocumentNotFailed(Conflict):
    message = "This document is {state}; only one that has failed can be read again."


class DocumentOut(Schema):
    """A document; `problem` says in the reader's language why it could not be read, or why a page is still
    waited for.
    """

    document_id: UUID = Field(validation_alias=AliasChoices("document_id", "id"))
    title: str
    url: str | None
    filename: str | None
    content_type: str | None
    size: int | None
    language: str | None
    state: State
    problem: str | None
    chunks: int | None
    created_at: datetime
    updated_at: datetime
