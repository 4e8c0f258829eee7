"""The vector stores of a tenant: the built-in one, and a configured model's beside it."""

from functions.chatbot.retrieval.ngram_embedding import MODEL
from shared.adapters import llm
from shared.adapters.vectors import Vectors, outside_vectors
from shared.adapters.vectors.pgvector import PgVectors
from shared.function import Context


def builtin_store(ctx: Context) -> Vectors:
    """Always in our own Postgres: it needs no network."""
    return PgVectors(ctx.sql, MODEL)


def inner_store(ctx: Context) -> Vectors | None:
    """The configured embedding model's store where that is our Postgres, in this transaction; None without
    one.
    """
    return PgVectors(ctx.sql, llm.embedding_model()) if llm.is_configured() and not outer_store() else None


def outer_store() -> Vectors | None:
    """The configured embedding model's store where that is somebody else's, which is asked while nothing is
    locked.
    """
    return outside_vectors(llm.embedding_model()) if llm.is_configured() else None


def own_stores(ctx: Context) -> list[Vectors]:
    """Those in our Postgres: their vectors go with the transaction."""
    inner = inner_store(ctx)
    return [builtin_store(ctx), inner] if inner else [builtin_store(ctx)]


def model_mark() -> str:
    """What a chunk carries once it is embedded with everything that is configured now."""
    return f"{MODEL}+{llm.embedding_model()}" if llm.is_configured() else MODEL
