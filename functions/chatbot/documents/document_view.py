"""A document as a reader is shown it."""

from functions.chatbot.documents.document import DocumentOut
from functions.chatbot.documents.tables import Document
from shared.function import Context


def shown(ctx: Context, document: Document) -> DocumentOut:
    """With the reason why it could not be read in the reader's language."""
    return DocumentOut.model_validate(document).model_copy(update={"problem": document.told(ctx.language)})
