"""The roles in every database, and what the walls between them are made of; tables have theirs from
shared/db/migration.py.

Each service's functions have a role of their own, which may connect to their service's database alone. What
it may do there it has from heidi_app, a group that migrations grant rights to and nobody logs in as. Where
heidi_app may log in, on a server of somebody's own, it is the one role of all services.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

OWNER, APP, RELAY = "heidi_owner", "heidi_app", "heidi_relay"
# they may log in, and nothing else
ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
GROUP = "NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
BOUNDS = {"statement_timeout": "15s", "lock_timeout": "1500ms", "idle_in_transaction_session_timeout": "120s"}
CLOSED = (  # what everybody could enter otherwise; the owner connects to postgres to make databases
    "REVOKE ALL ON DATABASE postgres FROM PUBLIC",
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    f"GRANT CONNECT ON DATABASE postgres TO {OWNER}",
)
ACCESS = """DO $$ DECLARE found pg_roles; BEGIN
 FOR found IN SELECT * FROM pg_roles WHERE rolname IN ('{app}', '{own}', '{relay}') LOOP
  IF found.rolcanlogin THEN EXECUTE 'GRANT CONNECT ON DATABASE ' || quote_ident('{database}') || ' TO ' || found.rolname;
  ELSE EXECUTE 'REVOKE ALL ON DATABASE ' || quote_ident('{database}') || ' FROM ' || found.rolname; END IF;
 END LOOP;
END $$"""


def of(database: str) -> str:
    """The role of a service's functions, by their database."""
    return f"{APP}_{database.rpartition('_')[2]}"


def password(secret: str, role: str) -> str:
    """A role's password where all are made from one secret; it tells neither that nor another's."""
    digest = hmac.digest(secret.encode(), f"heidi role {role}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def bounds(roles: Iterable[str]) -> list[str]:
    """What a pooler does not pass on when functions ask for it: how long to run, to wait for a lock, to idle."""
    return [
        f"ALTER ROLE {role} SET {name} = '{value}'"
        for role in roles
        if role != OWNER
        for name, value in BOUNDS.items()
    ]


def access(database: str) -> list[str]:
    """Only the roles of its own functions may connect, no group, though it did before; who owns the database
    may say so.
    """
    name = database.replace('"', '""')
    return [
        f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
        ACCESS.format(app=APP, own=of(database), relay=RELAY, database=database.replace("'", "''")),
    ]
