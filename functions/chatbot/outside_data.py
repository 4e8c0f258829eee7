"""What of a city lies outside the database: vectors in Pinecone, and the originals of documents."""

from functions.chatbot.documents.vector_stores import builtin_store
from functions.chatbot.retrieval.ngram_embedding import MODEL
from shared.adapters import storage
from shared.adapters.vectors import outside_vectors
from shared.function import Context

ORIGINALS = "documents/"


def forget_tenant(ctx: Context) -> None:
    """Delete it all; Unavailable where a store does not answer, and done twice it changes nothing.

    For `erase-chatbot-data`, beside the rows of the tables. Pinecone is asked also where no model is
    configured any more.
    """
    with ctx.released():
        if outer := outside_vectors(MODEL):
            outer.forget(str(ctx.tenant.id))
        for key in list(storage.keys(ctx.tenant.id, ORIGINALS)):
            storage.delete(ctx.tenant.id, key)
    builtin_store(ctx).forget(str(ctx.tenant.id))
