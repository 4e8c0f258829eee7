"""Secrets without which a module of this floor can do nothing; who does not load the module is not given
them.

A process does not start in production without those of the modules that it has loaded, and says which. The
manifests give every function its own by the same table (tooling/generate/secrets.py).
"""

import sys
from collections.abc import Container, Iterator

from shared.kit.settings import SettingsError, settings

NEEDS = {
    "shared.db.pg": ("POSTGRES_PASSWORD",),
    "shared.auth.keys": ("JWT_KEYS",),
    "shared.peers.service_tokens": ("BROKER_TOKEN_HASHES", "INTERNAL_TOKEN"),
    "shared.auth.signing": ("JWT_SIGNING_KEYS", "JWT_REFRESH_SECRET"),
    "shared.kit.sealing": ("ENCRYPTION_KEY",),
    "shared.kit.enclosures": ("LETTER_KEY",),
}
INSTEAD = {  # what will do as well
    "POSTGRES_PASSWORD": ("DATABASE_URL", "POSTGRES_ROLES_SECRET"),
    "JWT_KEYS": ("JWT_SECRET",),
    "JWT_SIGNING_KEYS": ("JWT_KEYS", "JWT_SECRET"),
    "BROKER_TOKEN_HASHES": ("BROKER_TOKEN",),
    "INTERNAL_TOKEN": ("BROKER_TOKEN",),
}


def check(loaded: Container[str] = sys.modules) -> None:
    """Refuse to go on in production without a secret that some loaded module needs; SettingsError names all
    of them.
    """
    if settings().environment == "production" and (missing := sorted(set(lacking(loaded)))):
        raise SettingsError(
            f"These settings are wrong:\n  production needs secrets of its own: {', '.join(missing)}"
        )


def lacking(loaded: Container[str]) -> Iterator[str]:
    """What is not set, nor anything that stands in for it."""
    given = {name.upper() for name in settings().model_fields_set}
    for module, names in NEEDS.items():
        if module in loaded:
            yield from (name for name in names if not given.intersection((name, *INSTEAD.get(name, ()))))
