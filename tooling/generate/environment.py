"""deploy/env.example: every setting of the house, and what deploy/compose.yaml asks for besides."""

import json
import secrets
from collections.abc import Mapping

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from shared.kit.record import Record
from shared.kit.settings import Settings
from tooling.generate.common import GENERATED, VERSION

# What one host needs to be told, or says of itself; the names and passwords of the others are in
# compose.yaml.
MUST = {
    "BASE_DOMAIN": "heidi.example",
    "PUBLIC_URL": "https://heidi.example",
    "EMAIL_FROM": "noreply@heidi.example",
    "SMTP_HOST": "smtp.heidi.example",
    "SMTP_USER": "",
    "SMTP_PASSWORD": "",
    "S3_ENDPOINT": "https://s3.eu-central-1.amazonaws.com",
    "S3_BUCKET": "heidi-assets",
    "S3_ACCESS_KEY": "",
    "S3_SECRET_KEY": "",
    "SUPER_ADMIN_EMAIL": "admin@heidi.example",
}
SECRETS = (
    "POSTGRES_ROLES_SECRET",
    "POSTGRES_OWNER_PASSWORD",
    "POSTGRES_RELAY_PASSWORD",
    "REDIS_PASSWORD",
    "JWT_KEYS",
    "JWT_REFRESH_SECRET",
    "ENCRYPTION_KEY",
    "LETTER_KEY",
    "BROKER_TOKEN",
    "PUBLISH_TOKEN",
    "INTERNAL_TOKEN",
)
OTHERS = {  # of compose.yaml: what it is for
    "POSTGRES_SUPERUSER_PASSWORD": "of `postgres`, who makes roles and databases; no function has it",
    "RABBITMQ_PASSWORD": "of `heidi` in RabbitMQ",
    "ONCALL_TOKEN": "of the service that wakes somebody (profile monitoring)",
    "GRAFANA_PASSWORD": "of `admin` in Grafana (profile monitoring)",
    "PGADMIN_PASSWORD": "of PGADMIN_EMAIL (profile admin)",
}
EDGE = {
    "HEIDI_VERSION": (VERSION, "which image runs"),
    "HEIDI_SITES": ("heidi.example, *.heidi.example", "what Caddy answers"),
    "HEIDI_CERTIFICATES": (
        "on-demand",
        "a certificate for each city's name, when it is first called; or as-named",
    ),
    "HEIDI_TLS_FROM": (
        "tls1.3",
        "the oldest version of TLS; tls1.2 lets in Android before 10 and iOS before 12.2",
    ),
    "HEIDI_TLS": (
        "admin@heidi.example",
        "for Let's Encrypt; `internal` for a look; or a certificate's and a key's file",
    ),
    "HEIDI_DATA": ("../data", "where everything is kept"),
    "PGADMIN_EMAIL": ("admin@heidi.example", "who logs in to pgAdmin"),
}
# What compose.yaml says itself, because its services have these names.
BY_COMPOSE = (
    "ENVIRONMENT",
    "TRUST_FORWARDED_FOR",
    "CLIENT_ADDRESS_HEADER",
    "DATABASE_URL",
    "POSTGRES_HOST",
    "POSTGRES_PORT",
    "REDIS_URL",
    "BROKER_URL",
    "GATEWAY_URL",
)
HEAD = f"""# {GENERATED}
# What deploy/compose.yaml reads as deploy/.env (docs/guides/one-host.md). With secrets that nobody knows:
#
#     ./heidi host env > deploy/.env && chmod 600 deploy/.env
#
# A line that begins with `#` shows a default. Single quotes keep dollar signs."""


def example(_: Mapping[str, Record] | None = None, *, filled: bool = False) -> str:
    """The file with empty secrets, or with new ones."""
    of_house = {name.upper(): field for name, field in Settings.model_fields.items()}
    parts = [
        ("The host", [described(f"{name}='{default}'", said) for name, (default, said) in EDGE.items()]),
        ("Must be yours", [f"{name}={value}" for name, value in MUST.items()]),
        ("Secrets", [f"{name}={made(name, is_wanted=filled)}" for name in SECRETS]),
        (
            "Secrets of the programs around",
            [described(f"{name}={secret(filled)}", said) for name, said in OTHERS.items()],
        ),
        (
            "May be yours",
            [
                described(f"# {name}={default_of(field)}", field.description or "")
                for name, field in of_house.items()
                if name not in (*MUST, *SECRETS, *BY_COMPOSE)
            ],
        ),
    ]
    return HEAD + "".join(f"\n\n# --- {title}\n" + "\n".join(lines) for title, lines in parts) + "\n"


def secret(is_wanted: bool) -> str:  # noqa: FBT001 (one question)
    """A new secret of 288 bits, or nothing."""
    return secrets.token_urlsafe(36) if is_wanted else ""


def made(name: str, *, is_wanted: bool) -> str:
    """A new value of one of our own secrets, or nothing; a key pair in single quotes, because it is JSON."""
    if name != "JWT_KEYS" or not is_wanted:
        return secret(is_wanted)
    from tooling.keys import with_new

    return f"'{with_new('EdDSA')}'"


def ticks(records: Mapping[str, Record]) -> str:
    """deploy/ticks.json: what the clock of one host calls, and no events."""
    due = [{"name": record.name, "cron": record.cron} for record in records.values() if record.cron]
    return json.dumps({"triggers": [], "ticks": due}, indent=1) + "\n"


def described(line: str, said: str) -> str:
    """A line under the comment that says what it is for."""
    return f"# {said}\n{line}" if said else line


def default_of(field: FieldInfo) -> str:
    """A default as it would be written; a secret's is nothing."""
    value = field.default
    return "" if value is None or isinstance(value, SecretStr) else str(value)
