"""Signing keys as a JWKS document (RFC 7517): read strictly, so that a start with a bad one is refused by
name.

Only structure is looked at here; the cryptography is loaded where something is signed or checked
(shared/auth/keys.py).
"""

import base64
import binascii
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shared.kit.lazy import lazy

# each key type has one, so that no token can choose another
ALGORITHMS = {"RSA": "RS256", "OKP": "EdDSA", "oct": "HS256"}
PUBLIC = {"RSA": ("n", "e"), "OKP": ("crv", "x"), "oct": ()}
PRIVATE = {"RSA": "d", "OKP": "d", "oct": "k"}
SHORTEST_RSA, SHORTEST_SECRET, ED25519 = 2048, 256, 256  # bits: RFC 7518 §3.3 and §3.2, RFC 8032
SMALLEST_EXPONENT = 65537
LONGEST_KID = 100


class KeysWrong(ValueError):
    """What is wrong with a JWKS document; never the key itself."""


@dataclass(frozen=True)
class Key:
    """One key; `kid` is empty only for a secret that is the only one."""

    kid: str
    alg: str
    jwk: dict[str, Any]

    @property
    def signs(self) -> bool:
        """Whether its private part is here."""
        return PRIVATE[self.jwk["kty"]] in self.jwk

    @property
    def public(self) -> dict[str, str] | None:
        """What everyone may know of it; None for a shared secret, of which nobody may know anything."""
        names = PUBLIC[self.jwk["kty"]]
        return (
            {
                "kid": self.kid,
                "alg": self.alg,
                "use": "sig",
                "kty": self.jwk["kty"],
                **{name: self.jwk[name] for name in names},
            }
            if names
            else None
        )

    @lazy
    def signing(self) -> Any:
        """The private part, as the cryptography wants it."""
        return material(self.jwk, self.alg)

    @lazy
    def checking(self) -> Any:
        """The public part, or the shared secret."""
        return material(self.public or self.jwk, self.alg)


def material(jwk: dict[str, Any], alg: str) -> Any:
    """A key as an object of the cryptography."""
    from jwt import PyJWK

    return PyJWK(jwk, alg).key


@lru_cache(8)
def shared_secret(text: str) -> Key:
    """A secret that is the only key, and needs no name."""
    return Key("", "HS256", {"kty": "oct", "k": base64url(text.encode())})


def base64url(octets: bytes) -> str:
    """Bytes as JWKs write them, without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@lru_cache(8)
def parse(text: str) -> tuple[Key, ...]:
    """The keys of a JWKS document, in its order; KeysWrong says what is wrong with it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise KeysWrong("it is not JSON") from None
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found:
        raise KeysWrong('it needs a list of keys, {"keys": […]}')
    keys = tuple(read(jwk, f"key {number}") for number, jwk in enumerate(found, 1))
    if len({key.kid for key in keys}) < len(keys):
        raise KeysWrong("two keys have the same kid")
    return keys


def read(jwk: Any, where: str) -> Key:
    """One key, if it is complete, long enough, and of a kind that we sign with."""
    if not isinstance(jwk, dict) or jwk.get("kty") not in ALGORITHMS:
        raise KeysWrong(f"{where}: kty must be one of {', '.join(ALGORITHMS)}")
    kid, alg = jwk.get("kid"), ALGORITHMS[jwk["kty"]]
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        raise KeysWrong(f"{where}: it needs a kid")
    if jwk.get("alg", alg) != alg or jwk.get("use", "sig") != "sig":
        raise KeysWrong(f"{where}: a key of type {jwk['kty']} signs with {alg}, and does nothing else")
    CHECKS[jwk["kty"]](jwk, where)
    return Key(kid, alg, jwk)


def check_rsa(jwk: dict[str, Any], where: str) -> None:
    """A modulus and an exponent that are large enough."""
    if number(jwk, "n", where).bit_length() < SHORTEST_RSA or number(jwk, "e", where) < SMALLEST_EXPONENT:
        raise KeysWrong(
            f"{where}: RSA needs {SHORTEST_RSA} bits and an exponent of at least {SMALLEST_EXPONENT}"
        )
    if "d" in jwk:
        number(jwk, "d", where)


def check_okp(jwk: dict[str, Any], where: str) -> None:
    """The one curve that we know."""
    lengths = {8 * len(octets(jwk, name, where)) for name in ("x", "d") if name in jwk or name == "x"}
    if jwk.get("crv") != "Ed25519" or lengths != {ED25519}:
        raise KeysWrong(f"{where}: EdDSA needs crv Ed25519 with {ED25519} bits")


def check_oct(jwk: dict[str, Any], where: str) -> None:
    """A secret as long as its hash."""
    if 8 * len(octets(jwk, "k", where)) < SHORTEST_SECRET:
        raise KeysWrong(f"{where}: a secret needs {SHORTEST_SECRET} bits")


CHECKS = {"RSA": check_rsa, "OKP": check_okp, "oct": check_oct}


def number(jwk: dict[str, Any], name: str, where: str) -> int:
    """A member that is a number (RFC 7518 §2: Base64urlUInt)."""
    return int.from_bytes(octets(jwk, name, where), "big")


def octets(jwk: dict[str, Any], name: str, where: str) -> bytes:
    """A member that is bytes in base64url."""
    text = jwk.get(name)
    try:
        if isinstance(text, str) and text and "=" not in text:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        pass
    raise KeysWrong(f"{where}: {name} is missing or not base64url")
