"""The roles in every database, and what the walls between them are made of; tables have theirs from shared/migration.py."""

OWNER, APP, RELAY = "heidi_owner", "heidi_app", "heidi_relay"
ATTRIBUTES = (
    "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"  # they may log in, and nothing else
)
BOUNDS = {"statement_timeout": "15s", "idle_in_transaction_session_timeout": "120s"}
CLOSED = (  # what everybody could enter otherwise; the owner connects to postgres to make databases
    "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    f"GRANT CONNECT ON DATABASE postgres TO {OWNER}",
)


def bounds() -> list[str]:
    """What a pooler does not pass on when functions ask for it: how long a statement runs, how long a transaction idles."""
    return [
        f"ALTER ROLE {role} SET {name} = '{value}'" for role in (APP, RELAY) for name, value in BOUNDS.items()
    ]


def access(database: str) -> list[str]:
    """Only the roles of functions may connect; who owns the database may say so."""
    name = '"' + database.replace('"', '""') + '"'
    return [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {APP}, {RELAY}",
    ]
