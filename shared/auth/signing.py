"""Making tokens: what only the auth service's functions can do, and the tokens that only they read.

Access tokens, and what is said of API tokens (grants), are signed with the first key of JWT_SIGNING_KEYS, or
of JWT_KEYS where that holds private parts; everybody checks them with public parts (shared/auth/keys.py).
Refresh tokens and challenges are signed and checked with JWT_REFRESH_SECRET.
"""

from typing import Any, Literal
from uuid import UUID

from shared.auth import keys, tokens
from shared.auth.rbac import permissions_of
from shared.kit import cipher
from shared.kit.ids import new_id
from shared.kit.jwks import Key, parse, shared_secret
from shared.kit.settings import SettingsError, settings

Use = Literal["access", "grant", "refresh", "challenge"]
OF_ALL = ("access", "grant")  # which everybody checks


def ring(use: Use) -> tuple[Key, ...]:
    """The keys that count for this use, the signing one first."""
    config = settings()
    if use not in OF_ALL:
        return (shared_secret(config.jwt_refresh_secret.get_secret_value()),)
    return parse(config.jwt_signing_keys.get_secret_value()) if config.jwt_signing_keys else keys.ring()


def sign(use: Use, claims: dict[str, Any]) -> str:
    """The claims as a signed token, which names its key."""
    import jwt

    key = ring(use)[0]
    if not key.signs:
        raise SettingsError(
            "JWT_SIGNING_KEYS: the first key has no private part; only what checks tokens may do without"
        )
    return jwt.encode(claims, key.signing, key.alg, headers={"kid": key.kid} if key.kid else None)


def issue(
    use: Use,
    user_id: UUID,
    tenant_id: UUID,
    roles: list[str],
    session_id: UUID,
    *,
    now: float,
    life: int | None = None,
    **more: Any,
) -> tuple[str, str]:
    """A signed token and its id.

    `more` claims are `act` (RFC 8693 §4.1: who acts in the person's name), `only`, `guest` (known by a device
    alone), and `auth_time` (OpenID Connect Core §2: when the person logged in) where that is not now.
    """
    token_id = str(new_id())
    life = life or (settings().jwt_expiration if use == "access" else settings().jwt_refresh_expiration)
    claims: dict[str, Any] = {
        "iss": tokens.ISSUER,
        "aud": use,
        "sub": str(user_id),
        "tenantId": str(tenant_id),
        "sid": str(session_id),
        "jti": token_id,
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + life,
        "auth_time": int(now),
        **more,
    }
    if use in OF_ALL:
        claims |= {"roles": roles}
    if use == "access":
        claims |= {"permissions": sorted(permissions_of(tuple(roles)))}
    return sign(use, claims), token_id


def decode(use: Use, token: str) -> dict[str, Any]:
    """The claims of a token of any use; TokenInvalid or TokenExpired as in shared/auth/tokens.py."""
    return tokens.checked(token, use, ring(use))


def seal(text: str, about: object) -> str:
    """The text, readable only with what challenges are signed with."""
    return cipher.seal(settings().jwt_refresh_secret.get_secret_value(), text, about)


def unseal(sealed: str, about: object) -> str:
    """The text that was sealed; cipher.SealBroken when it cannot be read."""
    return cipher.unseal(settings().jwt_refresh_secret.get_secret_value(), sealed, about)
