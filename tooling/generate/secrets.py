"""Which function is given which Secrets: those of all, and one for each thing that it can do, by the modules
that it reaches.

Nobody writes down what a function needs: who imports what signs tokens is given the keys that sign, and
nobody else.
"""

from collections.abc import Iterable
from typing import NamedTuple

from shared.kit.record import Record
from tooling.generate.common import SECRETS
from tooling.generate.imports import reached

FOR_ALL = ("REDIS_PASSWORD", "JWT_KEYS", "BROKER_TOKEN_HASHES", "INTERNAL_TOKEN", "SENTRY_DSN")
FOR_SERVICE = ("POSTGRES_USER", "POSTGRES_PASSWORD")
FOR_MIGRATION = ("POSTGRES_OWNER_PASSWORD",)
FOR_DOOR = ("BROKER_TOKEN",)  # of the internal gateway, which brings events to functions
# who has it can sign as well as check: for one host, or until there are JWT_KEYS
BEFORE_KEYS = ("JWT_SECRET",)


class Power(NamedTuple):
    """What a module of the floor can do, and what it takes."""

    name: str
    settings: tuple[str, ...]


PUBLISHING = Power("publishing", ("PUBLISH_TOKEN",))
RELAYS = "functions.platform.outbox_relay"  # publishes what others have said
# by the module that reads them (a test follows the imports): whoever cannot send mail has no password for it
POWERS = {
    "shared.auth.signing": Power("signing", ("JWT_SIGNING_KEYS", "JWT_REFRESH_SECRET")),
    "shared.kit.sealing": Power("sealing", ("ENCRYPTION_KEY",)),
    "shared.kit.enclosures": Power("letters", ("LETTER_KEY",)),
    "shared.peers.service_tokens": PUBLISHING,
    "shared.adapters.storage": Power("files", ("S3_ACCESS_KEY", "S3_SECRET_KEY")),
    "shared.db.relay_role": Power("relay", ("POSTGRES_RELAY_PASSWORD",)),
    "shared.adapters.mail": Power("mail", ("SMTP_USER", "SMTP_PASSWORD")),
    "shared.adapters.push.fcm": Power("fcm", ("FIREBASE_PRIVATE_KEY",)),
    "shared.adapters.push.apns": Power("apns", ("APNS_KEY",)),
    "shared.adapters.push.webpush": Power("webpush", ("VAPID_PRIVATE_KEY",)),
    "shared.adapters.llm": Power("llm", ("OPENAI_API_KEY",)),
    "shared.adapters.vectors.pinecone": Power("pinecone", ("PINECONE_API_KEY",)),
}


def powers(record: Record) -> list[Power]:
    """What a function can do that takes a secret; whoever does not declare that it emits something is not let
    (Context.emit).
    """
    modules = reached(record.module)
    says = bool(record.emits) or RELAYS in modules
    return [power for module, power in POWERS.items() if (says if power is PUBLISHING else module in modules)]


def secrets(record: Record) -> list[str]:
    """The Secrets that a function is given: what every one needs, its service's way into its database, then
    one a power.
    """
    return needed(record.service, (record,))


def needed(service: str, records: Iterable[Record]) -> list[str]:
    """Those of a process in which these functions of one service live."""
    return [SECRETS, account(service), *map(secret, used(records))]


def secret(power: Power) -> str:
    """The name of the Secret with what a power takes, and of the ServiceAccount that may read it in Vault."""
    return f"heidi-for-{power.name}"


def settings(record: Record) -> set[str]:
    """The names of all secret settings that a function is given."""
    return {*FOR_ALL, *FOR_SERVICE, *(name for power in powers(record) for name in power.settings)}


def account(service: str) -> str:
    """A service's ServiceAccount, and its Secret."""
    return f"heidi-{service}"


def used(records: Iterable[Record]) -> list[Power]:
    """The powers that some function has, in the table's order."""
    found = {power for record in records for power in powers(record)}
    return [power for power in POWERS.values() if power in found]
