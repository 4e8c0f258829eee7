"""Vectors in Postgres, in the caller's transaction and behind its row-level security."""

import json
import math
from collections.abc import Sequence
from typing import Any, Protocol

from shared.adapters.vectors import MAX_TOP_K, Filter, Match, Vector

MAX_DIMENSIONS = 4000  # a row must fit its page, see STORAGE

TABLE = """CREATE TABLE vectors (
 tenant_id uuid NOT NULL, model text NOT NULL, id text NOT NULL, document_id text NOT NULL,
 metadata jsonb NOT NULL DEFAULT '{}', embedding halfvec NOT NULL, PRIMARY KEY (tenant_id, model, id))"""
STORAGE = "ALTER TABLE vectors ALTER COLUMN embedding SET STORAGE PLAIN"
"""Kept in the row: reading 20,000 vectors out of line took twice as long."""
INDEX = "CREATE INDEX vectors_by_document ON vectors (tenant_id, document_id)"
DDL = (TABLE, STORAGE, INDEX)
"""What the service's migration executes; `shared.db.migration.guard("vectors")` and `grant` come after it.

The column has no dimension, because each model has its own and only vectors of one model are ever
compared. There is no HNSW index: it is searched before the tenant's rows are told from others', so a small
tenant would find nothing in it; reading a tenant's rows is exact and takes some 4 ms for 2,000 chunks.
"""

UPSERT = """INSERT INTO vectors (tenant_id, model, id, document_id, metadata, embedding)
 SELECT CAST(:tenant AS uuid), :model, v.id, v.metadata->>'document_id', v.metadata, CAST(v.embedding AS halfvec)
 FROM jsonb_to_recordset(CAST(:vectors AS jsonb)) AS v(id text, metadata jsonb, embedding text)
 ON CONFLICT (tenant_id, model, id) DO UPDATE
 SET document_id = excluded.document_id, metadata = excluded.metadata, embedding = excluded.embedding"""
QUERY = """SELECT id, -(embedding <#> CAST(:vector AS halfvec)) AS score FROM vectors
 WHERE tenant_id = CAST(:tenant AS uuid) AND model = :model{where}
 ORDER BY embedding <#> CAST(:vector AS halfvec), id LIMIT CAST(:top_k AS int)"""
MATCHING = """ AND NOT EXISTS (SELECT FROM jsonb_each(CAST(:filter AS jsonb)) f
 WHERE NOT coalesce(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value @> (metadata->f.key)
 ELSE f.value = metadata->f.key END, false))"""
DELETE_IDS = """DELETE FROM vectors WHERE tenant_id = CAST(:tenant AS uuid) AND model = :model
 AND id IN (SELECT jsonb_array_elements_text(CAST(:ids AS jsonb)))"""
DELETE_ALL = "DELETE FROM vectors WHERE tenant_id = CAST(:tenant AS uuid)"
DELETE_DOCUMENT = "DELETE FROM vectors WHERE tenant_id = CAST(:tenant AS uuid) AND document_id = :document_id"


class UnitOfWork(Protocol):
    """What the adapter needs of the caller's transaction."""

    def run(self, sql: str, **values: Any) -> list[list[Any]]:
        """The rows of one statement with `:name` parameters."""


class PgVectors:
    """The `vectors` table of the service's own database."""

    def __init__(self, sql: UnitOfWork, model: str) -> None:
        self.sql = sql
        self.model = model

    def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        """Keep vectors, replacing those with the same id; at most 4,000 dimensions."""
        rows = [{"id": v.id, "metadata": dict(v.metadata), "embedding": literal(v.values)} for v in vectors]
        if rows:
            self.sql.run(UPSERT, tenant=namespace, model=self.model, vectors=json.dumps(rows))

    def query(
        self, namespace: str, vector: Sequence[float], top_k: int, where: Filter | None = None
    ) -> list[Match]:
        """Find the nearest vectors of the same model, best first."""
        values: dict[str, Any] = {"filter": json.dumps(dict(where))} if where else {}
        rows = self.sql.run(
            QUERY.format(where=MATCHING if where else ""),
            tenant=namespace,
            model=self.model,
            vector=literal(vector),
            top_k=min(top_k, MAX_TOP_K),
            **values,
        )
        return [Match(str(found), float(score)) for found, score in rows]

    def delete(self, namespace: str, *, ids: Sequence[str] = (), document_id: str | None = None) -> None:
        """Delete vectors by id, or all of a document, whatever their model."""
        if document_id is not None:
            self.sql.run(DELETE_DOCUMENT, tenant=namespace, document_id=document_id)
        if ids:
            self.sql.run(DELETE_IDS, tenant=namespace, model=self.model, ids=json.dumps(list(ids)))

    def forget(self, namespace: str) -> None:
        """Delete everything of a tenant, whatever its model."""
        self.sql.run(DELETE_ALL, tenant=namespace)


def literal(values: Sequence[float]) -> str:
    """Write a vector of length 1 as Postgres reads it."""
    if not 0 < len(values) <= MAX_DIMENSIONS:
        raise ValueError(f"a vector has 1 to {MAX_DIMENSIONS} dimensions, not {len(values)}")
    length = math.sqrt(math.fsum(value * value for value in values))
    if not math.isfinite(length):
        raise ValueError("a vector holds finite numbers only")
    return f"[{','.join(format(value / (length or 1.0), '.5g') for value in values)}]"
