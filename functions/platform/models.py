"""All tables of this service: what is handed out and erased (shared/personal_data.py)."""

from shared.db.privacy import Models, Personal, Table

DEAD_LETTERS = Personal(
    (),
    {
        "attributes": "who caused the event",
        "data": "what the event says",
        "answer": "what the function answered",
    },
    why="to deliver later what could not be delivered (GDPR Art. 6(1)(f))",
    kept="30 days",
    expires="30 days",
    on_erasure="delete",
    whose="attributes->>'actorid' = CAST(:person AS text) OR position(CAST(:person AS text) IN data) > 0",
    plain=("event_id", "source", "type", "function"),
)
MODELS: Models = (Table("dead_letters", DEAD_LETTERS),)
