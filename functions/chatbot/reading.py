"""Read a document in a process of its own (shared/confined.py): what parses strangers' files has little
memory and no key.
"""

import time
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from functions.chatbot import extraction_errors
from functions.chatbot.chunking import Chunk, chunk_document
from functions.chatbot.document_reading import MAX_SECONDS, Deadline
from functions.chatbot.extraction import extract
from functions.chatbot.extraction_errors import DocumentTooHeavy
from shared.confined import MIB, Died, Work, run
from shared.errors import Problem
from shared.shares import Whose

READ = Work(
    "functions.chatbot.reading",
    "read_here",
    memory=512 * MIB,
    cpu=40,
    seconds=50,
    queue=5,
    patience=5,
    imports=(
        "pypdf",
        "defusedxml.ElementTree",
        "functions.chatbot.extraction_pdf",
        "functions.chatbot.extraction_docx",
        "functions.chatbot.extraction_html",
        "functions.chatbot.extraction_text",
    ),
)
CHUNKS = TypeAdapter(list[Chunk])
KINDS = [
    kind for kind in vars(extraction_errors).values() if isinstance(kind, type) and issubclass(kind, Problem)
]
PROBLEMS = {kind.__name__: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says: its title, its language where that is clear, and its chunks."""

    title: str
    language: str | None
    chunks: list[Chunk]


def read(data: bytes, declared_type: str, filename: str, title: str, whose: Whose) -> Reading:
    """Read a document, under its own title where none is given. The problems of extraction_errors; Busy when
    many come.
    """
    try:
        facts, *parts = run(READ, data, whose, declared=declared_type, filename=filename, title=title)
        if "problem" in facts:
            raise PROBLEMS[facts["problem"]](**facts["details"])
        return Reading(str(facts["title"]), facts["language"], CHUNKS.validate_json(parts[0]))
    # it took too much, or says what no reader says
    except (Died, LookupError, TypeError, ValueError) as error:
        raise DocumentTooHeavy from error


def read_here(data: bytes, *, declared: str, filename: str, title: str) -> tuple[Any, ...]:
    """In the child: the document's facts and its chunks, or the problem with it."""
    try:
        found = extract(data, declared, filename, Deadline(MAX_SECONDS, time.process_time))
        title = title or found.title
        chunks = CHUNKS.dump_json(chunk_document(title, found.text))
    except Problem as problem:
        return ({"problem": type(problem).__name__, "details": problem.details},)
    return {"title": title, "language": found.language}, chunks
