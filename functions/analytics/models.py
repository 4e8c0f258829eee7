"""All tables of this service: what is handed out and erased (shared/personal_data.py)."""

from shared.db.privacy import Impersonal, Models, Personal, Table

CONSENTS = Personal(
    "user_id",
    {"granted": "whether the person's use may be counted", "decided_at": "since when"},
    why="to count nobody's use who has not agreed to it (GDPR Art. 6(1)(a), 7(3))",
    kept="as long as the account, and 30 days",
    on_erasure="delete",
)
# A visitor is a number that an app has made for itself. Nothing here or elsewhere says which person that is,
# so there are no
# rows that could be found, handed out or erased as a person's.
EVENTS = Personal(
    (),
    {"visitor_id": "a number that an app made for itself, after consent"},
    why="to see what is used, with consent (GDPR Art. 6(1)(a))",
    kept="2 years; after that without the visitor and without the time of day",
    on_erasure="delete",
    whose="false",
    plain=("name", "screen", "platform", "language"),
)
MODELS: Models = (
    Table("events", EVENTS),
    Table("consents", CONSENTS),
    Table("daily", Impersonal("how often what happened in a city's apps, per day")),
)
