"""What the push services answer with, and the keys by which they know their callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tooling.thirdparty.config import ConfigError


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, headers and a JSON body (None for an empty one)."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def public_key(pem: str, variable: str) -> PublicKeyTypes:
    """The public half of a private key from the environment, where line breaks are often written as backslash
    n.
    """
    try:
        return load_pem_private_key(pem.replace("\\n", "\n").encode(), None).public_key()
    except (ValueError, TypeError):
        raise ConfigError(f"{variable} is not a private key in PEM format.") from None
