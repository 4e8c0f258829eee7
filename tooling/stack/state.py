"""The secrets that this machine's stack made for itself, and what it has already done; one file, mode 600."""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from tooling.command_failed import CommandFailed


def password() -> str:
    """192 bits in letters that need no quoting anywhere."""
    return secrets.token_urlsafe(24)


def long_secret() -> str:
    """256 bits, as RFC 7518 asks for HS256."""
    return secrets.token_hex(32)


def firebase_key() -> str:
    """RSA, as Google's service accounts have; only the local push server believes it."""
    from tooling.thirdparty.keys import make_firebase_key

    return make_firebase_key()


def apns_key() -> str:
    """P-256, as Apple's keys are; only the local push server believes it."""
    from tooling.thirdparty.keys import make_apns_key

    return make_apns_key()


def jwt_keys() -> str:
    """A key pair that signs access tokens."""
    from tooling.keys import with_new

    return with_new("EdDSA")


def vapid_key() -> str:
    """The private key of Web Push; its public part is made of it (tooling/stack/environment.py)."""
    from tooling.keys import vapid

    return vapid()["VAPID_PRIVATE_KEY"]


MAKERS: dict[str, Callable[[], str]] = {
    "postgres_superuser": password,
    "postgres_owner": password,
    "postgres_app": password,
    "postgres_relay": password,
    "redis": password,
    "jwt_keys": jwt_keys,
    "jwt_refresh": long_secret,
    "encryption": long_secret,
    "letter": long_secret,
    "broker": long_secret,
    "publish": long_secret,
    "internal": long_secret,
    "s3_access_key": lambda: secrets.token_hex(10).upper(),
    "s3_secret_key": lambda: secrets.token_urlsafe(30),
    "firebase_key": firebase_key,
    "apns_key": apns_key,
    "vapid_key": vapid_key,
}


@dataclass(slots=True)
class State:
    """What must survive from one `up` to the next."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    done: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """As it stands; a CommandFailed when there is none yet or it is damaged."""
        try:
            stored = json.loads(path.read_text())
            return cls(dict(stored["secrets"]), dict(stored["done"]))
        except FileNotFoundError:
            raise CommandFailed("There is no local stack here yet: ./heidi up makes one.") from None
        except (ValueError, KeyError, TypeError):
            raise CommandFailed(
                f"{path} is damaged. It holds the passwords of the local data: put a copy back, "
                "or start afresh with ./heidi reset."
            ) from None

    @classmethod
    def ensure(cls, path: Path) -> Self:
        """As it stands, with every secret that is missing made now."""
        state = cls.read(path) if path.exists() else cls()
        missing = [name for name in MAKERS if name not in state.secrets]
        state.secrets |= {name: MAKERS[name]() for name in missing}
        if missing:
            state.write(path)
        return state

    def write(self, path: Path) -> None:
        """All or nothing, readable by the owner only."""
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
