"""deploy/data/base/databases.yaml: what ./heidi up does to its own PostgreSQL, for the operator that does it in a cluster."""

from collections.abc import Mapping

from shared.record import Record
from shared.roles import APP, ATTRIBUTES, CLOSED, OWNER, RELAY, bounds
from tooling.generate.common import Document
from tooling.generate.yamlfile import as_yaml
from tooling.stack.databases import ALWAYS, AS_SUPERUSER, names

COMMENT = """roles.sql is run in postgres, template.sql in template1, from which every database is made: once, as the superuser.
That only the functions' roles may connect to a database is said by its owner, at every migration (tooling/migrate.py)."""
EXTENSION = "CREATE EXTENSION IF NOT EXISTS "
ROLE = "DO $$ BEGIN CREATE ROLE {0}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\nALTER ROLE {0} {1};"


def render(_: Mapping[str, Record]) -> str:
    """The first statements and the databases."""
    return as_yaml(first_statements(), *map(database, in_cluster()), comment=COMMENT)


def in_cluster() -> list[str]:
    """The databases without the local broker's, whose place RabbitMQ takes."""
    return [name for name in names() if name.removeprefix("heidi_") not in ALWAYS]


def first_statements() -> Document:
    """Roles without passwords, which the operator sets, and what only the superuser may do."""
    roles = [ROLE.format(role, ATTRIBUTES) for role in (OWNER, APP, RELAY)]
    template = [statement for statement in AS_SUPERUSER.values() if not statement.startswith(EXTENSION)]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "postgres-first-statements"},
        "data": {
            "roles.sql": lines(*roles, *(f"{line};" for line in (*bounds(), *CLOSED))),
            "template.sql": lines(*(f"{line};" for line in template)),
        },
    }


def lines(*statements: str) -> str:
    """One statement a line."""
    return "\n".join(statements) + "\n"


def database(name: str) -> Document:
    """One service's; it outlives its manifest."""
    special = AS_SUPERUSER.get(name.removeprefix("heidi_"), "")
    extensions = (
        {"extensions": [{"name": special.removeprefix(EXTENSION)}]} if special.startswith(EXTENSION) else {}
    )
    spec = {
        "cluster": {"name": "postgres"},
        "name": name,
        "owner": OWNER,
        "databaseReclaimPolicy": "retain",
    } | extensions
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Database",
        "metadata": {"name": name.replace("_", "-")},
        "spec": spec,
    }
