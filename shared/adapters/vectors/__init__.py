"""Vectors of one tenant and one embedding model: what every vector store here can do, and which one is
configured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.errors import Unavailable

Scalar = str | int | float | bool
Filter = Mapping[str, Scalar | Sequence[str]]
"""Metadata that must be equal; a sequence of strings means any of them."""

MAX_TOP_K = 1000


class VectorsUnavailable(Unavailable):
    """The vector store did not answer, or refused."""

    message = "The search in the documents is not available for a moment. Try again in a few seconds."


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector to keep; the metadata must hold `document_id`, by which a whole document's vectors are
    deleted.
    """

    id: str
    values: Sequence[float]
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A vector that was found; the score is the cosine similarity, 1 for the same direction."""

    id: str
    score: float


class Vectors(Protocol):
    """A store that keeps and compares vectors of one model only; a namespace is a tenant's id."""

    def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        """Keep vectors, replacing those with the same id."""

    def query(
        self, namespace: str, vector: Sequence[float], top_k: int, where: Filter | None = None
    ) -> list[Match]:
        """Find the nearest vectors, best first."""

    def delete(self, namespace: str, *, ids: Sequence[str] = (), document_id: str | None = None) -> None:
        """Delete vectors by id, or all of a document; what is not there is no error."""

    def forget(self, namespace: str) -> None:
        """Delete everything of a tenant, whatever its model; what is not there is no error."""


def open_vectors(sql: Any, model: str) -> Vectors:
    """Pinecone where it is configured, otherwise pgvector in the caller's transaction."""
    from shared.adapters.vectors.pgvector import PgVectors

    return outside_vectors(model) or PgVectors(sql, model)


def outside_vectors(model: str) -> Vectors | None:
    """Pinecone where it is configured; it is asked while no connection to Postgres is held."""
    from shared.kit.settings import settings

    config = settings()
    if config.pinecone_api_key and config.pinecone_host:
        from shared.adapters.vectors.pinecone import PineconeVectors, connect

        account = (config.pinecone_host, config.pinecone_api_key.get_secret_value())
        return PineconeVectors(connect(*account), model, *account)
    return None
