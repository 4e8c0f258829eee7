"""Vectors in a Pinecone index (metric cosine): a namespace per tenant, the embedding model in the metadata."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from shared.adapters import http_client
from shared.adapters.circuit_breaker import Breaker, ending_of_status
from shared.adapters.vectors import MAX_TOP_K, Filter, Match, Vector, VectorsUnavailable

TIMEOUT, WHOLE = 5.0, 15.0  # seconds: one answer of the network; one call with all attempts
ATTEMPTS = 3
UPSERT_BATCH = 50  # 1,536 numbers are some 30 kB of JSON; a request may have 2 MB
DELETE_BATCH = 1000


@lru_cache(maxsize=4)
def connect(host: str, api_key: str) -> Any:
    """The SDK's client for the index at a host; nothing is sent yet."""
    from pinecone import Pinecone, RetryConfig

    retries = RetryConfig(max_retries=ATTEMPTS - 1, backoff_factor=0.1, max_wait=1.0)
    index = Pinecone(api_key=api_key, timeout=TIMEOUT, retry_config=retries).index(host=host)
    retrying: Any = index._http._client._transport  # noqa: SLF001 (no other way in)
    pool = retrying._transport._pool  # noqa: SLF001 (no other way in)
    pool._network_backend = http_client.Backend(pool._network_backend, trusted=True, private_hosts=())  # noqa: SLF001 (no other way in)
    return index


class PineconeVectors:
    """One Pinecone index."""

    def __init__(self, index: Any, model: str, *account: str) -> None:
        self.index = index
        self.model = model
        self.circuit = Breaker("pinecone", *account)

    def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        """Keep vectors, replacing those with the same id."""
        rows = [
            {"id": v.id, "values": list(v.values), "metadata": dict(v.metadata) | {"model": self.model}}
            for v in vectors
        ]
        for batch in batches(rows, UPSERT_BATCH):
            with as_unavailable(self.circuit):
                self.index.upsert(vectors=batch, namespace=namespace)

    def query(
        self, namespace: str, vector: Sequence[float], top_k: int, where: Filter | None = None
    ) -> list[Match]:
        """Find the nearest vectors of the same model, best first."""
        conditions: dict[str, Any] = {"model": {"$eq": self.model}}
        for name, value in (where or {}).items():
            conditions[name] = (
                {"$eq": value} if isinstance(value, str | int | float) else {"$in": list(value)}
            )
        with as_unavailable(self.circuit):
            answer = self.index.query(
                vector=list(vector),
                top_k=min(top_k, MAX_TOP_K),
                namespace=namespace,
                filter=conditions,
            )
        return [Match(match.id, float(match.score)) for match in answer.matches]

    def delete(self, namespace: str, *, ids: Sequence[str] = (), document_id: str | None = None) -> None:
        """Delete vectors by id, or all of a document, whatever their model."""
        if document_id is not None:
            with as_unavailable(self.circuit), of_nothing():
                self.index.delete(filter={"document_id": {"$eq": document_id}}, namespace=namespace)
        for batch in batches(list(ids), DELETE_BATCH):
            with as_unavailable(self.circuit), of_nothing():
                self.index.delete(ids=batch, namespace=namespace)

    def forget(self, namespace: str) -> None:
        """Delete everything of a tenant, whatever its model."""
        with as_unavailable(self.circuit), of_nothing():
            self.index.delete(delete_all=True, namespace=namespace)


def batches(rows: list[Any], size: int) -> Iterator[list[Any]]:
    return (rows[at : at + size] for at in range(0, len(rows), size))


@contextmanager
def of_nothing() -> Iterator[None]:
    """Let what is not there be deleted: a namespace exists from its first vector on."""
    from pinecone.errors.exceptions import NotFoundError

    with suppress(NotFoundError):
        yield


@contextmanager
def as_unavailable(circuit: Breaker) -> Iterator[None]:
    from pinecone.errors.exceptions import PineconeError

    with circuit.call(lambda wait: VectorsUnavailable(dependency="pinecone", paused=wait)):
        try:
            with http_client.bounded(WHOLE):
                yield
        except (PineconeError, OSError) as error:
            problem = VectorsUnavailable(dependency="pinecone")
            problem.ended = ending_of_status(getattr(error, "status_code", 503))
            raise problem from error
