"""Secrets that must be readable again, sealed at rest: AES-256-GCM (NIST SP 800-38D), bound to what they are about.

ENCRYPTION_KEY may hold several keys, comma-separated: the first one seals, all of them open. To change keys, put the new one in
front; what is used wanders to it by itself, and the old one may go when nothing is left that begins with its name.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.settings import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class SealBroken(Exception):
    """What was sealed cannot be opened: its key is gone, it was altered, or it is about something else."""


def seal(text: str, about: object) -> str:
    """The text, readable only with our key and only as being `about` the same: `<name of the key>.<base64>`."""
    name, key = next(iter(keys(settings().encryption_key.get_secret_value()).items()))
    nonce = os.urandom(NONCE)
    return (
        f"{name}.{base64.b64encode(nonce + key.encrypt(nonce, text.encode(), str(about).encode())).decode()}"
    )


def unseal(sealed: str, about: object) -> str:
    """The text that was sealed; SealBroken when it cannot be read."""
    from cryptography.exceptions import InvalidTag

    name, _, rest = sealed.partition(".")
    key = keys(settings().encryption_key.get_secret_value()).get(name)
    if key is None:
        raise SealBroken(f"there is no key {name[:8]} in ENCRYPTION_KEY")
    raw = base64.b64decode(rest)
    try:
        return key.decrypt(raw[:NONCE], raw[NONCE:], str(about).encode()).decode()
    except InvalidTag:
        raise SealBroken("altered, or about something else") from None


def resealed(sealed: str, about: object) -> str:
    """The same, sealed with the first key: what is used wanders to the new key by itself."""
    first = next(iter(keys(settings().encryption_key.get_secret_value())))
    return sealed if sealed.partition(".")[0] == first else seal(unseal(sealed, about), about)


@lru_cache(4)
def keys(secrets: str) -> "dict[str, AESGCM]":
    """The keys by name, the one that seals first; neither key nor name lets anyone guess the secret or the other."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return {
        derived(secret, "name").hex()[:8]: AESGCM(derived(secret, "key")) for secret in secrets.split(",")
    }


def derived(secret: str, purpose: str) -> bytes:
    """256 bits for one purpose."""
    return hmac.digest(secret.encode(), f"heidi sealing {purpose}".encode(), hashlib.sha256)
