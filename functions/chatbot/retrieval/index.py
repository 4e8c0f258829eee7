"""Keep a tenant's search index in step with a document: chunks, term frequencies and postings, in one
transaction.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from functions.chatbot.retrieval.chunks import Chunk
from functions.chatbot.retrieval.ngram_embedding import gram_counts, sketch_chunk
from functions.chatbot.retrieval.ranking import gram_term, word_term
from functions.chatbot.retrieval.words import folded_words
from shared.adapters.vectors import Vector, Vectors
from shared.adapters.vectors.pgvector import UnitOfWork

ALL_CHUNKS = 0
"""The term under which a tenant's number of chunks is kept."""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('chatbot-index:' || CAST(:tenant AS text), 0))"
EXISTING = """SELECT id, title, heading, text FROM chunks
 WHERE tenant_id = CAST(:tenant AS uuid) AND document_id = CAST(:document AS uuid)"""
INSERT = """INSERT INTO chunks (tenant_id, id, document_id, ordinal, title, url, heading, text)
 SELECT CAST(:tenant AS uuid), c.id, CAST(:document AS uuid), c.ordinal, CAST(:title AS text), CAST(:url AS text),
  c.heading, c.text
 FROM jsonb_to_recordset(CAST(:chunks AS jsonb)) AS c(id uuid, ordinal int, heading text, text text)
 ON CONFLICT (tenant_id, id) DO UPDATE SET ordinal = excluded.ordinal, url = excluded.url"""
DELETE = """DELETE FROM chunks WHERE tenant_id = CAST(:tenant AS uuid)
 AND id = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:ids AS jsonb)) AS uuid)))"""
COUNT = """INSERT INTO terms (tenant_id, term, chunks)
 SELECT CAST(:tenant AS uuid), CAST(t.key AS int), CAST(t.value AS int) FROM jsonb_each_text(CAST(:terms AS jsonb)) t
 ON CONFLICT (tenant_id, term) DO UPDATE SET chunks = terms.chunks + excluded.chunks"""
FORGET = """DELETE FROM terms WHERE tenant_id = CAST(:tenant AS uuid) AND chunks <= 0
 AND term = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(:terms AS jsonb)) AS int)))"""
POST = """INSERT INTO postings (tenant_id, term, chunk_id)
 SELECT CAST(:tenant AS uuid), CAST(p.term AS int), CAST(c.key AS uuid)
 FROM jsonb_each(CAST(:postings AS jsonb)) c, jsonb_array_elements_text(c.value) AS p(term) ON CONFLICT DO NOTHING"""
UNPOST = """DELETE FROM postings WHERE tenant_id = CAST(:tenant AS uuid)
 AND chunk_id = ANY(ARRAY(SELECT CAST(jsonb_object_keys(CAST(:postings AS jsonb)) AS uuid)))
 AND term = ANY(ARRAY(SELECT DISTINCT CAST(t.term AS int)
  FROM jsonb_each(CAST(:postings AS jsonb)) c, jsonb_array_elements_text(c.value) AS t(term)))"""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A chunk as it is indexed."""

    id: UUID
    title: str
    heading: str
    text: str

    @property
    def words(self) -> frozenset[int]:
        """The terms of its words; single letters are left out."""
        found = folded_words(f"{self.title} {self.heading} {self.text}")
        return frozenset(word_term(word) for word in found if len(word) > 1 or word.isdigit())

    @property
    def grams(self) -> frozenset[int]:
        """The terms of its n-grams."""
        return frozenset(gram_term(gram) for gram in gram_counts(self.title, f"{self.heading} {self.text}"))

    def vector(self, document_id: UUID) -> Vector:
        """Its built-in embedding."""
        values = sketch_chunk(self.title, f"{self.heading} {self.text}")
        return Vector(str(self.id), values, {"document_id": str(document_id)})


@dataclass(frozen=True, slots=True)
class Change:
    """What `index_document` changed: chunks to embed, ids whose vectors have to go, and how many stayed."""

    added: tuple[Indexed, ...]
    removed: tuple[UUID, ...]
    kept: int


def index_document(
    sql: UnitOfWork,
    tenant_id: UUID,
    document_id: UUID,
    title: str,
    chunks: Sequence[Chunk],
    *,
    url: str | None = None,
) -> Change:
    """Make the index hold exactly these chunks of a document; doing it twice changes nothing the second time."""
    sql.run(LOCK, tenant=str(tenant_id))
    before = {row.id: row for row in existing(sql, tenant_id, document_id)}
    after = identified(document_id, title, chunks)
    added = tuple(row for row, _ in after.values() if row.id not in before)
    removed = tuple(row for row in before.values() if row.id not in after)
    remove(sql, tenant_id, removed)
    rows = [
        {"id": str(row.id), "ordinal": ordinal, "heading": row.heading, "text": row.text}
        for row, ordinal in after.values()
    ]
    sql.run(
        INSERT,
        tenant=str(tenant_id),
        document=str(document_id),
        title=title,
        url=url,
        chunks=json.dumps(rows),
    )
    count(sql, tenant_id, added, +1)
    post(sql, tenant_id, added, POST)
    return Change(added, tuple(row.id for row in removed), len(after) - len(added))


def forget_document(sql: UnitOfWork, vectors: Iterable[Vectors], tenant_id: UUID, document_id: UUID) -> int:
    """Remove a document from the index and from every vector store; returns how many chunks it had."""
    sql.run(LOCK, tenant=str(tenant_id))
    gone = existing(sql, tenant_id, document_id)
    remove(sql, tenant_id, gone)
    for store in vectors:
        store.delete(str(tenant_id), document_id=str(document_id))
    return len(gone)


def embed_builtin(vectors: Vectors, tenant_id: UUID, document_id: UUID, chunks: Iterable[Indexed]) -> None:
    """Store the built-in vectors, which every chunk has; a configured embedding model only adds to them."""
    vectors.upsert(str(tenant_id), [chunk.vector(document_id) for chunk in chunks])


def identified(document_id: UUID, title: str, chunks: Sequence[Chunk]) -> dict[UUID, tuple[Indexed, int]]:
    """Give each chunk an id that depends on the document and its content, so that a redelivery finds it
    again.
    """
    seen: Counter[str] = Counter()
    found: dict[UUID, tuple[Indexed, int]] = {}
    for chunk in chunks:
        chunk_id = uuid5(document_id, f"{chunk.digest}:{seen[chunk.digest]}")
        seen[chunk.digest] += 1
        found[chunk_id] = (Indexed(chunk_id, title, chunk.heading, chunk.text), chunk.ordinal)
    return found


def existing(sql: UnitOfWork, tenant_id: UUID, document_id: UUID) -> tuple[Indexed, ...]:
    rows = sql.run(EXISTING, tenant=str(tenant_id), document=str(document_id))
    return tuple(Indexed(UUID(str(row[0])), *row[1:]) for row in rows)


def remove(sql: UnitOfWork, tenant_id: UUID, rows: Sequence[Indexed]) -> None:
    if not rows:
        return
    post(sql, tenant_id, rows, UNPOST)
    count(sql, tenant_id, rows, -1)
    sql.run(DELETE, tenant=str(tenant_id), ids=json.dumps([str(row.id) for row in rows]))


def count(sql: UnitOfWork, tenant_id: UUID, rows: Sequence[Indexed], sign: int) -> None:
    counts = Counter({ALL_CHUNKS: len(rows)})
    for row in rows:
        counts.update(row.grams | row.words)
    if not rows:
        return
    sql.run(
        COUNT, tenant=str(tenant_id), terms=json.dumps({term: sign * found for term, found in counts.items()})
    )
    if sign < 0:
        sql.run(FORGET, tenant=str(tenant_id), terms=json.dumps(list(counts)))


def post(sql: UnitOfWork, tenant_id: UUID, rows: Sequence[Indexed], statement: str) -> None:
    if rows:
        postings = {str(row.id): list(row.words) for row in rows}
        sql.run(statement, tenant=str(tenant_id), postings=json.dumps(postings))
