"""What tokens are signed with: a secret each, or, for access tokens, the keys in JWT_KEYS, of which the first signs.

A key's algorithm comes from its type and never from the token, so a token cannot have an RSA key read as a secret.
"""

from typing import Any, Literal

from shared.errors import TokenInvalid
from shared.jwks import Key, parse, shared_secret
from shared.settings import SettingsError, settings

Use = Literal["access", "refresh", "challenge"]


def ring(use: Use) -> tuple[Key, ...]:
    """The keys that count for this use, the signing one first."""
    config = settings()
    if use == "access" and config.jwt_keys:
        return parse(config.jwt_keys.get_secret_value())
    secret = config.jwt_secret if use == "access" else config.jwt_refresh_secret
    return (shared_secret(secret.get_secret_value()),)


def sign(use: Use, claims: dict[str, Any]) -> str:
    """The claims as a signed token, which names its key."""
    import jwt

    key = ring(use)[0]
    if not key.signs:
        raise SettingsError(
            "JWT_KEYS: the first key has no private part; only what checks tokens may do without"
        )
    return jwt.encode(claims, key.signing, key.alg, headers={"kid": key.kid} if key.kid else None)


def of_token(use: Use, token: str) -> Key:
    """The key that a token names, TokenInvalid where it is none of ours; a name is compared, never looked up anywhere."""
    import jwt

    kid = jwt.get_unverified_header(token).get("kid", "")
    found = next((key for key in ring(use) if key.kid == kid), None)
    if found is None:
        raise TokenInvalid
    return found
