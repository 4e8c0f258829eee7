"""Read a document in a process of its own (shared/sandbox/confined.py): what parses strangers' files has little
memory and no key.
"""

import time
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from functions.chatbot.extraction import errors
from functions.chatbot.extraction.deadline import MAX_SECONDS, Deadline
from functions.chatbot.extraction.errors import DocumentTooHeavy
from functions.chatbot.extraction.formats import extract
from functions.chatbot.retrieval.chunks import Chunk, chunk_document
from shared.errors import Problem
from shared.kit.shares import Whose
from shared.sandbox.confined import MIB, Died, Work, run

READ = Work(
    "functions.chatbot.extraction.confined",
    "read_here",
    memory=512 * MIB,
    cpu=40,
    seconds=50,
    queue=5,
    patience=5,
    imports=(
        "pypdf",
        "defusedxml.ElementTree",
        "functions.chatbot.extraction.pdf",
        "functions.chatbot.extraction.docx",
        "functions.chatbot.extraction.web_pages",
        "functions.chatbot.extraction.plain_text",
    ),
)
CHUNKS = TypeAdapter(list[Chunk])
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Problem)]
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
