"""The Secrets of a cluster, from one file that holds all of them: `./heidi cluster env`, then `./heidi
cluster secrets`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.db.roles import OWNER, RELAY, password
from shared.peers.service_tokens import first, hashed
from tooling import keys
from tooling.command_failed import CommandFailed
from tooling.generate.databases import secret_of
from tooling.generate.environment import described
from tooling.generate.environment import made as new
from tooling.generate.secrets import BEFORE_KEYS, FOR_ALL, FOR_DOOR, FOR_MIGRATION, POWERS, account
from tooling.generate.secrets import secret as name_of
from tooling.stack.databases import app_roles

INFRASTRUCTURE = {"prod": "heidi-infra", "staging": "heidi-infra-staging", "dev": "heidi-infra-dev"}
BASIC = "kubernetes.io/basic-auth"
MONITORING = {
    "smtp-password": "SMTP_PASSWORD",
    "oncall-token": "ONCALL_TOKEN",
    "grafana-password": "GRAFANA_PASSWORD",
}
ROLES = {OWNER: "POSTGRES_OWNER_PASSWORD", RELAY: "POSTGRES_RELAY_PASSWORD"}
MADE = (
    *ROLES.values(),
    "POSTGRES_ROLES_SECRET",
    "REDIS_PASSWORD",
    "JWT_KEYS",
    "JWT_REFRESH_SECRET",
    "ENCRYPTION_KEY",
    "LETTER_KEY",
    "BROKER_TOKEN",
    "PUBLISH_TOKEN",
    "INTERNAL_TOKEN",
    "ONCALL_TOKEN",
    "GRAFANA_PASSWORD",
)
BACKUP = {
    "BACKUP_ACCESS_KEY": "of Postgres' backups: another key than that of the functions",
    "BACKUP_SECRET_KEY": "",
}
MUST = (*MADE, "S3_ACCESS_KEY", "S3_SECRET_KEY", *BACKUP)
DERIVED = {"JWT_SIGNING_KEYS", "BROKER_TOKEN_HASHES"}  # from what stands in the file
HEAD = """# The secrets of one cluster. Keep this file where you keep passwords: ENCRYPTION_KEY opens what lies in the backups.
# What is empty comes from others, or is not used; what stands here was made for you and is known to nobody."""


def example() -> str:
    """The file: what can be made is made, the rest is for the operator to fill in."""
    given = [name for name in names() if name not in MADE]
    made = [f"{name}={new(name, is_wanted=True)}" for name in MADE]
    return "\n".join([HEAD, *made, *(described(f"{name}=", BACKUP.get(name, "")) for name in given)]) + "\n"


def names() -> list[str]:
    """Every secret that some part of a cluster is given."""
    of_powers = {name for power in POWERS.values() for name in power.settings}
    others = {*FOR_DOOR, *FOR_MIGRATION, *BEFORE_KEYS, "POSTGRES_ROLES_SECRET", *MONITORING.values(), *BACKUP}
    return sorted({*FOR_ALL, *of_powers, *others} - DERIVED)


def read(text: str) -> dict[str, str]:
    """Name → value; a CommandFailed that says every line that is none, and every secret without which nothing
    starts.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    values = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    wrong = [line.partition("=")[0][:40] for line in lines if line.partition("=")[0] not in names()]
    if wrong:
        raise CommandFailed(f"This is no secret of ours: {', '.join(wrong)}.")
    has_secret = bool(values.get("JWT_SECRET"))
    if lacking := [name for name in MUST if not values.get(name) and not (name == "JWT_KEYS" and has_secret)]:
        raise CommandFailed(f"Fill in {', '.join(lacking)}.")
    return {name: value for name, value in values.items() if value}


def secrets(environment: str, values: Mapping[str, str], beside: str = "") -> Iterator[dict[str, Any]]:
    """The Secrets of functions (in one more namespace), data services and monitoring, with what their readers
    need, no more.
    """
    values = with_derived(values)
    for namespace in filter(None, (f"heidi-{environment}", beside)):
        yield from of_functions(namespace, values)
    yield from of_data(INFRASTRUCTURE[environment], values)
    watching = {key: values.get(name, "") for key, name in MONITORING.items()}
    yield made(
        "heidi-monitoring",
        "heidi-monitoring",
        {"internal-token": first(values["INTERNAL_TOKEN"]), **watching},
    )


def of_functions(functions: str, values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What all need, what the door and the migration need, a service's way into its database, what each power
    takes.
    """
    yield made(
        functions,
        "heidi-secrets",
        {name: values[name] for name in (*FOR_ALL, *BEFORE_KEYS) if name in values},
    )
    yield made(functions, "heidi-door", {name: values[name] for name in FOR_DOOR})
    yield made(functions, "heidi-owner", {name: values[name] for name in FOR_MIGRATION})
    # also those that nobody has set up: a Secret that is asked for must be there
    for power in POWERS.values():
        yield made(
            functions, name_of(power), {name: values[name] for name in power.settings if name in values}
        )
    for role in app_roles():
        login = {"POSTGRES_USER": role, "POSTGRES_PASSWORD": password(values["POSTGRES_ROLES_SECRET"], role)}
        yield made(functions, account(role.rpartition("_")[2]), login)


def of_data(namespace: str, values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The same passwords for PostgreSQL and Redis; the key of the backups."""
    logins = {role: values[name] for role, name in ROLES.items()}
    logins |= {role: password(values["POSTGRES_ROLES_SECRET"], role) for role in app_roles()}
    for role, word in logins.items():
        yield made(namespace, secret_of(role), {"username": role, "password": word}, BASIC)
    yield made(namespace, "redis", {"password": values["REDIS_PASSWORD"]})
    yield made(
        namespace,
        "postgres-backup",
        {"ACCESS_KEY_ID": values["BACKUP_ACCESS_KEY"], "SECRET_ACCESS_KEY": values["BACKUP_SECRET_KEY"]},
    )


def with_derived(values: Mapping[str, str]) -> dict[str, str]:
    """Keys that sign for those who sign, their public parts for all (JWT_SECRET has none); of the broker's
    token a hash.
    """
    values = {**values, "BROKER_TOKEN_HASHES": hashed(values["BROKER_TOKEN"])}
    if "JWT_KEYS" not in values:
        return values
    return {**values, "JWT_KEYS": keys.public(values["JWT_KEYS"]), "JWT_SIGNING_KEYS": values["JWT_KEYS"]}


def made(namespace: str, name: str, data: Mapping[str, str], kind: str = "Opaque") -> dict[str, Any]:
    """One Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "stringData": dict(data),
    }
