"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from shared.db.privacy import Impersonal, Personal, Table

ENTRIES = Personal(
    ("actor_id", "impersonator_id", "resource_id"),
    {},
    why="to show who did what, as long as somebody may ask (GDPR Art. 5(2), 6(1)(c); requirements §12.7)",
    kept="7 years, of people ids alone: erasing the person removes what they stand for; and what the city set or published",
    on_erasure="anonymise",
    whose="actor_id = :person OR impersonator_id = :person OR resource_id = :person",
    plain=(
        "action",
        "resource_type",
        "correlation_id",
        "source",
        "event_id",
        "data",
        "hash",
        "before",
        "after",
    ),
)
MODELS = (Table("entries", ENTRIES), Table("chains", Impersonal("the newest hash of each city's log")))
