"""deploy/data/base/databases.yaml: what ./heidi up does to its own PostgreSQL, for the operator that does it
in a cluster.
"""

from collections.abc import Mapping

from shared.db.roles import APP, ATTRIBUTES, CLOSED, GROUP, OWNER, RELAY, bounds
from shared.kit.record import Record
from tooling.generate.common import Document
from tooling.generate.yamlfile import as_yaml
from tooling.stack.databases import ALWAYS, AS_SUPERUSER, app_roles, names

COMMENT = """roles.sql is run in postgres, template.sql in template1, from which every database is made: once, as the superuser.
That only the functions' roles may connect to a database is said by its owner, at every migration (tooling/migrate.py)."""
MANAGED = """A role per service for its functions; rights they have from heidi_app, which nobody logs in as
(shared/db/roles.py)."""
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
    logins = [OWNER, RELAY, *app_roles()]
    roles = [ROLE.format(APP, GROUP), *(ROLE.format(role, ATTRIBUTES) for role in logins)]
    roles += [f"GRANT {APP} TO {role};" for role in app_roles()]
    template = [statement for statement in AS_SUPERUSER.values() if not statement.startswith(EXTENSION)]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "postgres-first-statements"},
        "data": {
            "roles.sql": lines(*roles, *(f"{line};" for line in (*bounds(logins), *CLOSED))),
            "template.sql": lines(*(f"{line};" for line in template)),
        },
    }


def managed(_: Mapping[str, Record]) -> str:
    """deploy/data/base/roles.yaml: the roles whose passwords the operator sets, as a patch of the cluster."""
    common = {"superuser": False, "bypassrls": False, "inherit": True}
    group = {"name": APP, "login": False} | common
    roles = [
        group,
        *(
            {
                "name": role,
                "login": True,
                **common,
                **({"inRoles": [APP]} if role != RELAY else {}),
                "passwordSecret": {"name": secret_of(role)},
            }
            for role in (RELAY, *app_roles())
        ),
    ]
    return as_yaml(
        {
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Cluster",
            "metadata": {"name": "postgres"},
            "spec": {"managed": {"roles": roles}},
        },
        comment=MANAGED,
    )


def secret_of(role: str) -> str:
    """The Secret with a role's password beside Postgres."""
    return role.replace("heidi_", "postgres-").replace("_", "-")


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
