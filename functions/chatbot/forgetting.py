"""What of a city lies outside the database: vectors in Pinecone, and the originals of documents."""

from functions.chatbot.documents.stores import builtin_store
from functions.chatbot.sketch import MODEL
from shared import storage
from shared.function import Context
from shared.vectors import outside_vectors

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
