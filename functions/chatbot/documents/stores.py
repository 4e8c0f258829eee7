"""The vector stores of a tenant: the built-in one, and a configured model's beside it."""

from functions.chatbot.sketch import MODEL
from shared import llm
from shared.function import Context
from shared.vectors import Vectors, open_vectors
from shared.vectors.pgvector import PgVectors


def builtin_store(ctx: Context) -> Vectors:
    """Always in our own Postgres: it needs no network."""
    return PgVectors(ctx.sql, MODEL)


def external_store(ctx: Context) -> Vectors | None:
    """The configured embedding model's store, or None without one."""
    return open_vectors(ctx.sql, llm.embedding_model()) if llm.is_configured() else None


def all_stores(ctx: Context) -> list[Vectors]:
    """Both, where there are two."""
    external = external_store(ctx)
    return [builtin_store(ctx), external] if external else [builtin_store(ctx)]


def model_mark() -> str:
    """What a chunk carries once it is embedded with everything that is configured now."""
    return f"{MODEL}+{llm.embedding_model()}" if llm.is_configured() else MODEL
