"""What access tokens are checked with: the keys of JWT_KEYS, whose public parts are enough, or else
JWT_SECRET.

A key's algorithm comes from its type and never from the token, so a token cannot have an RSA key read as a
secret. What signs is in shared/auth/signing.py, which only the auth service's functions load.
"""

from shared.errors import TokenInvalid
from shared.kit.jwks import Key, parse, shared_secret
from shared.kit.settings import settings


def ring() -> tuple[Key, ...]:
    """The keys that check, in their order."""
    config = settings()
    if config.jwt_keys:
        return parse(config.jwt_keys.get_secret_value())
    return (shared_secret(config.jwt_secret.get_secret_value()),)


def named(token: str, keys: tuple[Key, ...]) -> Key:
    """The key that a token names, TokenInvalid where it is none of these; a name is compared, never looked up
    anywhere.
    """
    import jwt

    kid = jwt.get_unverified_header(token).get("kid", "")
    found = next((key for key in keys if key.kid == kid), None)
    if found is None:
        raise TokenInvalid
    return found
