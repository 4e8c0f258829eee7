"""Access and refresh tokens (requirements §12.1): JWT, checked for key, algorithm, issuer, audience and
times.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.adapters import redis
from shared.auth import keys
from shared.auth.rbac import ANONYMOUS, SCOPES, STAFF, permissions_of
from shared.errors import TokenExpired, TokenInvalid, TokenRevoked
from shared.kit.ids import PLATFORM_ID
from shared.kit.jwks import Key
from shared.kit.settings import settings

ISSUER = "heidi"
VERIFIED_LIMIT = 4096
LONGEST = 4096
# seconds by which the clocks of two instances may differ: a token that was made just now is not one of the
# future
SKEW = 60
REQUIRED = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid", "tenantId"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling."""

    id: UUID | None
    tenant_id: UUID | None
    roles: tuple[str, ...]
    session_id: str = ""
    token_id: str = ""
    expires_at: float = 0
    impersonator_id: UUID | None = None
    impersonator_session: str = ""
    scopes: frozenset[str] | None = None
    only: tuple[str, ...] = ()
    logged_in_at: float = 0
    guest: bool = False

    @property
    def permissions(self) -> frozenset[str]:
        """What the roles allow, by the matrix of this moment, not by the token's copy of it; an API token's
        scopes narrow it.
        """
        allowed = permissions_of(self.roles)
        return allowed if self.scopes is None else allowed & self.scopes

    @property
    def in_person(self) -> bool:
        """Whether this is the person themselves, logged in."""
        return self.id is not None and self.impersonator_id is None and self.scopes is None

    def opens(self, function: str) -> bool:
        """Whether the token is good for this function, whatever the person may do."""
        return not self.only or function in self.only

    def logged_in_since(self, moment: float) -> bool:
        """Whether the login, which refreshing does not renew, was after this moment."""
        return self.logged_in_at >= moment

    @property
    def everywhere(self) -> bool:
        """Whether a role's scope is all tenants."""
        return any(SCOPES.get(role) == "all_tenants" for role in self.roles)

    @property
    def is_staff(self) -> bool:
        """Whether this person works for their city, or for the platform."""
        return not STAFF.isdisjoint(self.roles)

    def works_for(self, tenant_id: UUID) -> bool:
        """Whether this person works for that city, be it as one of the platform's people."""
        return self.everywhere or (self.is_staff and self.tenant_id == tenant_id)


NOBODY = Principal(None, None, (ANONYMOUS,))
verified: dict[str, Principal] = {}


def checked(token: str, use: str, ring: tuple[Key, ...]) -> dict[str, Any]:
    """The claims, if one of these keys signed them for this use, and it is their time; else TokenInvalid or
    TokenExpired.
    """
    import jwt

    # junk in a signature is skipped when it is decoded: one token has endless spellings
    if len(token) > LONGEST:
        raise TokenInvalid
    try:
        key = keys.named(token, ring)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.checking,
            [key.alg],
            audience=use,
            issuer=ISSUER,
            leeway=SKEW,
            options={"require": REQUIRED, "strict_aud": True},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise TokenInvalid from None
    if claims["exp"] <= time.time():  # nobody has more time for that
        raise TokenExpired
    return claims


def principal(token: str) -> Principal:
    """The caller behind an access token. Signatures are checked once per token and process, expiry at every
    call.
    """
    known = verified.get(token)
    if known is None:
        known = read(checked(token, "access", keys.ring()))
        if len(verified) >= VERIFIED_LIMIT:
            verified.clear()
        verified[token] = known
    if known.expires_at <= time.time():
        verified.pop(token, None)
        raise TokenExpired
    return known


def read(claims: dict[str, Any]) -> Principal:
    """The principal that the claims describe."""
    try:
        actor = claims.get("act")
        return Principal(
            UUID(claims["sub"]),
            UUID(claims["tenantId"]),
            tuple(map(str, claims["roles"])),
            str(claims["sid"]),
            str(claims["jti"]),
            float(claims["exp"]),
            impersonator_id=UUID(actor["sub"]) if actor is not None else None,
            impersonator_session=str(actor.get("sid", "")) if actor is not None else "",
            only=tuple(map(str, claims.get("only", ()))),
            logged_in_at=float(claims.get("auth_time", 0)),
            guest=claims.get("guest") is True,
        )
    except (KeyError, TypeError, ValueError):
        raise TokenInvalid from None


def revoke(tenant_id: UUID, session_id: str) -> None:
    """End a session: its access tokens are refused from the next call on, for as long as they could live."""
    redis.command(
        "SET", redis.key(tenant_id, "revoked", session_id), "1", "EX", settings().jwt_expiration + 60
    )


def bar(tenant_id: UUID, person_id: UUID) -> None:
    """Refuse every token of a person from the next call on, until they may come back or their tokens have
    expired.
    """
    redis.command("SET", redis.key(tenant_id, "barred", person_id), "1", "EX", settings().jwt_expiration + 60)


def unbar(tenant_id: UUID, person_id: UUID) -> None:
    """Let a person in again."""
    redis.command("DEL", redis.key(tenant_id, "barred", person_id))


def refuse_revoked(caller: Principal) -> None:
    """TokenRevoked when the session of the caller, or of whoever acts in their name, has ended, or one of
    them is barred.
    """
    if caller.id and redis.command("EXISTS", *marks(caller)):
        raise TokenRevoked


def marks(caller: Principal) -> Iterator[str]:
    """Where Redis would say so; a super admin who acts in somebody's name lives on the platform."""
    yield redis.key(str(caller.tenant_id), "revoked", caller.session_id)
    yield redis.key(str(caller.tenant_id), "barred", caller.id)
    if caller.impersonator_id:
        yield redis.key(PLATFORM_ID, "revoked", caller.impersonator_session)
        yield redis.key(PLATFORM_ID, "barred", caller.impersonator_id)
