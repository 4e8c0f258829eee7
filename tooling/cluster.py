"""The Secrets of a cluster, from one file that holds all of them: `./heidi cluster env`, then `./heidi cluster secrets`."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.roles import APP, OWNER, RELAY
from tooling.generate.environment import described, secret
from tooling.generate.secrets import FOR_ALL, FOR_MIGRATION, USES, account, own
from tooling.problem import Problem

INFRASTRUCTURE = {"prod": "heidi-infra", "staging": "heidi-infra-staging", "dev": "heidi-infra-dev"}
MONITORING = {
    "smtp-password": "SMTP_PASSWORD",
    "oncall-token": "ONCALL_TOKEN",
    "grafana-password": "GRAFANA_PASSWORD",
}
ROLES = {OWNER: "POSTGRES_OWNER_PASSWORD", APP: "POSTGRES_PASSWORD", RELAY: "POSTGRES_RELAY_PASSWORD"}
MADE = (
    *ROLES.values(),
    "REDIS_PASSWORD",
    "JWT_SECRET",
    "JWT_REFRESH_SECRET",
    "ENCRYPTION_KEY",
    "BROKER_TOKEN",
    "ONCALL_TOKEN",
    "GRAFANA_PASSWORD",
)
BACKUP = {
    "BACKUP_ACCESS_KEY": "of Postgres' backups: another key than that of the functions",
    "BACKUP_SECRET_KEY": "",
}
MUST = (*MADE, "S3_ACCESS_KEY", "S3_SECRET_KEY", *BACKUP)
HEAD = """# The secrets of one cluster. Keep this file where you keep passwords: ENCRYPTION_KEY opens what lies in the backups.
# What is empty comes from others, or is not used; what stands here was made for you and is known to nobody."""


def example() -> str:
    """The file: what can be made is made, the rest is for the operator to fill in."""
    given = [name for name in names() if name not in MADE]
    lines = [
        *(f"{name}={secret(True)}" for name in MADE),
        *(described(f"{name}=", BACKUP.get(name, "")) for name in given),
    ]
    return HEAD + "\n" + "\n".join(lines) + "\n"


def names() -> list[str]:
    """Every secret that some part of a cluster is given."""
    of_services = {name for service in USES for name in own(service)}
    return sorted({*FOR_ALL, *FOR_MIGRATION, *of_services, *MONITORING.values(), *BACKUP})


def read(text: str) -> dict[str, str]:
    """Name → value; a Problem that says every line that is none, and every secret without which nothing starts."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    wrong = [line.partition("=")[0][:40] for line in lines if line.partition("=")[0] not in names()]
    if wrong:
        raise Problem(f"This is no secret of ours: {', '.join(wrong)}.")
    if lacking := [name for name in MUST if not values.get(name)]:
        raise Problem(f"Fill in {', '.join(lacking)}.")
    return {name: value for name, value in values.items() if value}


def secrets(environment: str, values: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The Secrets of functions, data services and monitoring, each with what its readers need and no more."""
    functions, data = f"heidi-{environment}", INFRASTRUCTURE[environment]
    yield made(functions, "heidi-secrets", {name: values[name] for name in FOR_ALL if name in values})
    yield made(functions, "heidi-owner", {name: values[name] for name in FOR_MIGRATION})
    for service in USES:
        if mine := {name: values[name] for name in own(service) if name in values}:
            yield made(functions, account(service), mine)
    for role, password in ROLES.items():
        login = {"username": role, "password": values[password]}
        yield made(data, role.replace("heidi_", "postgres-"), login, "kubernetes.io/basic-auth")
    yield made(data, "redis", {"password": values["REDIS_PASSWORD"]})
    yield made(
        data,
        "postgres-backup",
        {"ACCESS_KEY_ID": values["BACKUP_ACCESS_KEY"], "SECRET_ACCESS_KEY": values["BACKUP_SECRET_KEY"]},
    )
    watching = {key: values.get(name, "") for key, name in MONITORING.items()}
    yield made(
        "heidi-monitoring",
        "heidi-monitoring",
        {"broker-token": values["BROKER_TOKEN"].partition(",")[0], **watching},
    )


def made(namespace: str, name: str, data: Mapping[str, str], kind: str = "Opaque") -> dict[str, Any]:
    """One Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "stringData": dict(data),
    }
