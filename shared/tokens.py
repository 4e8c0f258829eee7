"""Access and refresh tokens (requirements §12.1): JWT, checked for key, algorithm, issuer, audience and times."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import cache, keys
from shared.errors import TokenExpired, TokenInvalid, TokenRevoked
from shared.ids import PLATFORM_ID, new_id
from shared.keys import Use
from shared.rbac import ANONYMOUS, SCOPES, permissions_of
from shared.settings import settings

ISSUER = "heidi"
VERIFIED_LIMIT = 4096
LONGEST = 4096
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

    @property
    def permissions(self) -> frozenset[str]:
        """What the roles allow, by the matrix of this moment, not by the token's copy of it; an API token's scopes narrow it."""
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


NOBODY = Principal(None, None, (ANONYMOUS,))
verified: dict[str, Principal] = {}


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

    `more` claims are `act` (RFC 8693 §4.1: who acts in the person's name), `only`, and `auth_time` (OpenID Connect Core §2:
    when the person logged in) where that is not now.
    """
    token_id = str(new_id())
    life = life or (settings().jwt_expiration if use == "access" else settings().jwt_refresh_expiration)
    claims: dict[str, Any] = {
        "iss": ISSUER,
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
    if use == "access":
        claims |= {"roles": roles, "permissions": sorted(permissions_of(tuple(roles)))}
    return keys.sign(use, claims), token_id


def decode(use: Use, token: str) -> dict[str, Any]:
    """The claims of a token that is ours, unaltered and in its time; TokenInvalid or TokenExpired otherwise."""
    import jwt

    if (
        len(token) > LONGEST
    ):  # junk in a signature is skipped when it is decoded: one token has endless spellings
        raise TokenInvalid
    try:
        key = keys.of_token(use, token)
        return jwt.decode(
            token,
            key.checking,
            [key.alg],
            audience=use,
            issuer=ISSUER,
            leeway=0,
            options={"require": REQUIRED, "strict_aud": True},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise TokenInvalid from None


def principal(token: str) -> Principal:
    """The caller behind an access token. Signatures are checked once per token and process, expiry at every call."""
    known = verified.get(token)
    if known is None:
        known = read(decode("access", token))
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
        )
    except (KeyError, TypeError, ValueError):
        raise TokenInvalid from None


def revoke(tenant_id: UUID, session_id: str) -> None:
    """End a session: its access tokens are refused from the next call on, for as long as they could live."""
    cache.command(
        "SET", cache.key(tenant_id, "revoked", session_id), "1", "EX", settings().jwt_expiration + 60
    )


def bar(tenant_id: UUID, person_id: UUID) -> None:
    """Refuse every token of a person from the next call on, until they may come back or their tokens have expired."""
    cache.command("SET", cache.key(tenant_id, "barred", person_id), "1", "EX", settings().jwt_expiration + 60)


def unbar(tenant_id: UUID, person_id: UUID) -> None:
    """Let a person in again."""
    cache.command("DEL", cache.key(tenant_id, "barred", person_id))


def refuse_revoked(caller: Principal) -> None:
    """TokenRevoked when the session of the caller, or of whoever acts in their name, has ended, or one of them is barred."""
    if caller.id and cache.command("EXISTS", *marks(caller)):
        raise TokenRevoked


def marks(caller: Principal) -> Iterator[str]:
    """Where Redis would say so; a super admin who acts in somebody's name lives on the platform."""
    yield cache.key(str(caller.tenant_id), "revoked", caller.session_id)
    yield cache.key(str(caller.tenant_id), "barred", caller.id)
    if caller.impersonator_id:
        yield cache.key(PLATFORM_ID, "revoked", caller.impersonator_session)
        yield cache.key(PLATFORM_ID, "barred", caller.impersonator_id)
