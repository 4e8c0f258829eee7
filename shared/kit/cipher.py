"""AES-256-GCM (NIST SP 800-38D) for what must be readable again, bound to what it is about.

Each function takes one or more secrets, comma-separated: the first one seals, all of them open.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class SealBroken(Exception):
    """What was sealed cannot be opened: its key is gone, it was altered, or it is about something else."""


def seal(secrets: str, text: str, about: object) -> str:
    """The text, readable only with the key and only as being `about` the same: `<name of the key>.<base64>`."""
    name, key = next(iter(keys(secrets).items()))
    nonce = os.urandom(NONCE)
    return (
        f"{name}.{base64.b64encode(nonce + key.encrypt(nonce, text.encode(), str(about).encode())).decode()}"
    )


def unseal(secrets: str, sealed: str, about: object) -> str:
    """The text that was sealed; SealBroken when it cannot be read."""
    from cryptography.exceptions import InvalidTag

    name, _, rest = sealed.partition(".")
    key = keys(secrets).get(name)
    if key is None:
        raise SealBroken(f"there is no key {name[:8]} any more, or not here")
    try:
        raw = base64.b64decode(rest)
        return key.decrypt(raw[:NONCE], raw[NONCE:], str(about).encode()).decode()
    except (InvalidTag, ValueError):
        raise SealBroken("altered, or about something else") from None


@lru_cache(8)
def keys(secrets: str) -> "dict[str, AESGCM]":
    """The keys by name, the one that seals first; neither key nor name lets anyone guess the secret or the
    other.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return {
        derived(secret, "name").hex()[:8]: AESGCM(derived(secret, "key")) for secret in secrets.split(",")
    }


def derived(secret: str, purpose: str) -> bytes:
    """256 bits for one purpose."""
    return hmac.digest(secret.encode(), f"heidi sealing {purpose}".encode(), hashlib.sha256)
