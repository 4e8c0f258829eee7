"""Secrets that must be readable again, sealed at rest (shared/kit/cipher.py).

ENCRYPTION_KEY may hold several keys, comma-separated: the first one seals, all of them open. To change keys,
put the new one in front; what is used wanders to it by itself, and the old one may go when nothing is left
that begins with its name.
"""

from shared.kit import cipher
from shared.kit.cipher import SealBroken, keys
from shared.kit.settings import settings

__all__ = ["SealBroken", "keys", "resealed", "seal", "unseal"]


def seal(text: str, about: object) -> str:
    """The text, readable only with our key and only as being `about` the same."""
    return cipher.seal(secrets(), text, about)


def unseal(sealed: str, about: object) -> str:
    """The text that was sealed; SealBroken when it cannot be read."""
    return cipher.unseal(secrets(), sealed, about)


def resealed(sealed: str, about: object) -> str:
    """The same, sealed with the first key: what is used wanders to the new key by itself."""
    return (
        sealed
        if sealed.partition(".")[0] == next(iter(keys(secrets())))
        else seal(unseal(sealed, about), about)
    )


def secrets() -> str:
    """The keys of this process."""
    return settings().encryption_key.get_secret_value()
