"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.chatbot.documents.tables import Document
from shared.db.privacy import Impersonal, Models, Personal, Table

EXCHANGES = Personal(
    (),
    {"question": "what somebody asked, without knowing who it was", "answer": "what was answered"},
    why="to go on with a conversation, and to find what the documents lack (GDPR Art. 6(1)(e))",
    kept="90 days",
    on_erasure="delete",
    whose="false",
    plain=("citations", "language"),
    expires="90 days",
)
MODELS: Models = (
    Document,
    Table("exchanges", EXCHANGES),
    *(
        Table(name, Impersonal("passages of the city's documents, prepared for the search"))
        for name in ("chunks", "terms", "postings", "vectors")
    ),
)
