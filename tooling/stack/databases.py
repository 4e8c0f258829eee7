"""The roles and one database per service; what the app may read and write there comes with the migrations."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from shared.db import roles
from shared.db.roles import APP, ATTRIBUTES, CLOSED, GROUP, OWNER, RELAY, access, bounds
from shared.kit.keepers import keepers
from tooling.command_failed import CommandFailed
from tooling.stack.home import ROOT
from tooling.stack.postgres import Postgres
from tooling.stack.state import State

if TYPE_CHECKING:
    from pg8000.native import Connection

AS_SUPERUSER = {  # by the last part of the database's name; what nobody else may do
    "chatbot": "CREATE EXTENSION IF NOT EXISTS vector",
    "core": "ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF",  # docs/decisions/0007
}
ALWAYS = ("broker",)
WRONG_PASSWORD = "28P01"  # noqa: S105 (an SQLSTATE)


def names() -> list[str]:
    """The databases that this checkout needs: one per service with migrations, and the broker's."""
    return [f"heidi_{service}" for service in sorted({*keepers(ROOT / "functions"), *ALWAYS})]


def passwords(state: State) -> dict[str, str]:
    """Role → password."""
    return every_role(
        state.secrets["postgres_owner"], state.secrets["postgres_relay"], state.secrets["postgres_app"]
    )


def every_role(owner: str, relay: str, secret: str) -> dict[str, str]:
    """Role → password, of the owner, the relay and each service's functions."""
    return {OWNER: owner, RELAY: relay} | {role: roles.password(secret, role) for role in app_roles()}


def app_roles() -> list[str]:
    """The roles of functions: one per service."""
    return [roles.of(name) for name in names() if name.removeprefix("heidi_") not in ALWAYS]


def prepare(postgres: Postgres, passwords: Mapping[str, str], databases: Iterable[str]) -> None:
    """Make the roles (name → password) and what is missing of the databases; repeatable without harm."""
    from pg8000.native import DatabaseError, InterfaceError

    databases = list(databases)
    try:
        with postgres.connect() as connection:
            # keeps the passwords out of the server's log
            connection.run("SET log_min_error_statement = panic")
            make_group(connection)
            for role, password in passwords.items():
                make_role(connection, role, password)
            for database in missing(connection, databases):
                make_database(connection, database)
            for line in (
                *bounds(passwords),
                *CLOSED,
                *(line for database in databases for line in access(database)),
            ):
                connection.run(line)
        for database in databases:
            if statement := AS_SUPERUSER.get(database.rpartition("_")[2]):
                run_in(postgres, database, statement)
    except (DatabaseError, InterfaceError, OSError) as error:
        if code(error) == WRONG_PASSWORD:
            raise CommandFailed(
                f"state.json is not the one that belongs to the data in {postgres.directory}: put it back, "
                "or start afresh with ./heidi reset."
            ) from None
        raise CommandFailed(
            f"PostgreSQL did not make the roles and databases: {said(error)}. Its log says more: "
            "./heidi logs postgres"
        ) from None


def prepare_elsewhere(environment: Mapping[str, str], databases: Iterable[str]) -> None:
    """On a server that somebody else runs: make the missing databases as the owner role, or say what that
    role lacks.
    """
    from pg8000.native import DatabaseError, InterfaceError

    lacking = list(databases)
    try:
        with connect_elsewhere(environment) as connection:
            lacking = missing(connection, lacking)
            for database in list(lacking):
                make_database(connection, database)
                lacking.remove(database)
    except (DatabaseError, InterfaceError, OSError) as error:
        raise CommandFailed(
            f"The PostgreSQL of your settings does not do: {said(error)}. Check POSTGRES_* or DATABASE_URL; it needs "
            f"the roles {OWNER}, {APP}, {RELAY} and, owned by {OWNER}, the databases {', '.join(lacking)}."
        ) from None


def connect_elsewhere(environment: Mapping[str, str]) -> "Connection":
    """As the owner role, by the same settings that migrations use."""
    from pg8000.native import Connection

    url = urlsplit(environment.get("DATABASE_URL", ""))
    host = environment.get("POSTGRES_HOST") or url.hostname or "127.0.0.1"
    return Connection(
        environment.get("POSTGRES_OWNER") or unquote(url.username or OWNER),
        host=host,
        port=int(environment.get("POSTGRES_PORT") or url.port or 5432),
        database=url.path.lstrip("/") or "postgres",
        password=environment.get("POSTGRES_OWNER_PASSWORD") or unquote(url.password or ""),
        timeout=10,
    )


def refusal(error: BaseException | None) -> dict[str, str]:
    """What the server answered; the driver may hide it behind the broken connection that followed."""
    while error:
        if error.args and isinstance(error.args[0], dict):
            return error.args[0]
        error = error.__context__
    return {}


def code(error: Exception) -> str:
    """SQLSTATE."""
    return refusal(error).get("C", "")


def said(error: Exception) -> str:
    """The server's message without the codes around it."""
    return (refusal(error).get("M") or str(error)).rstrip(".")


def make_role(connection: "Connection", role: str, password: str) -> None:
    """May log in, and nothing else."""
    from pg8000.native import identifier, literal

    if not connection.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=role):
        connection.run(f"CREATE ROLE {identifier(role)}")
    connection.run(f"ALTER ROLE {identifier(role)} {ATTRIBUTES} PASSWORD {literal(password)}")
    if role.startswith(f"{APP}_"):
        connection.run(f"GRANT {APP} TO {identifier(role)}")


def make_group(connection: "Connection") -> None:
    """Whom migrations grant rights to; nobody logs in as it, from now on, where it was the one role of all
    before.
    """
    if not connection.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=APP):
        connection.run(f"CREATE ROLE {APP}")
    connection.run(f"ALTER ROLE {APP} {GROUP} PASSWORD NULL")


def missing(connection: "Connection", databases: Iterable[str]) -> list[str]:
    """Those that the server does not have yet."""
    there = {row[0] for row in connection.run("SELECT datname FROM pg_database") or ()}
    return [database for database in databases if database not in there]


def make_database(connection: "Connection", database: str) -> None:
    """Owned by the owner role, who alone may make tables in it."""
    from pg8000.native import identifier

    connection.run(f"CREATE DATABASE {identifier(database)} OWNER {OWNER}")


def run_in(postgres: Postgres, database: str, statement: str) -> None:
    """As the superuser, in one database."""
    with postgres.connect(database) as connection:
        connection.run(statement)
