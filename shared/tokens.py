"""Access and refresh tokens (requirements §12.1): JWT, HS256, checked for algorithm, issuer, audience and times."""
import time
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from shared import cache
from shared.errors import TokenExpired, TokenInvalid, TokenRevoked
from shared.ids import new_id
from shared.rbac import ANONYMOUS, SCOPES, permissions_of
from shared.settings import settings

Use = Literal["access", "refresh"]
ISSUER = "heidi"
VERIFIED_LIMIT = 4096
LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling."""

    id: UUID | None
    tenant_id: UUID | None
    roles: tuple[str, ...]
    session_id: str = ""
    token_id: str = ""
    expires_at: float = 0
    issued_at: float = 0
    impersonator_id: UUID | None = None
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

    @property
    def everywhere(self) -> bool:
        """Whether a role's scope is all tenants."""
        return any(SCOPES.get(role) == "all_tenants" for role in self.roles)


NOBODY = Principal(None, None, (ANONYMOUS,))
verified: dict[str, Principal] = {}


def secret(use: Use) -> str:
    """The signing secret; access and refresh tokens never share one."""
    config = settings()
    return (config.jwt_secret if use == "access" else config.jwt_refresh_secret).get_secret_value()


def issue(use: Use, user_id: UUID, tenant_id: UUID, roles: list[str], session_id: UUID, *, now: float,
          life: int | None = None, **more: Any) -> tuple[str, str]:
    """A signed token and its id.

    `more` claims are `act` (RFC 8693 §4.1: who acts in the person's name), `only`, and `auth_time` (OpenID Connect Core §2:
    when the person logged in) where that is not now.
    """
    import jwt

    token_id = str(new_id())
    life = life or (settings().jwt_expiration if use == "access" else settings().jwt_refresh_expiration)
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": use, "sub": str(user_id), "tenantId": str(tenant_id), "sid": str(session_id),
        "jti": token_id, "iat": int(now), "nbf": int(now), "exp": int(now) + life,
        "auth_time": int(now), **more}
    if use == "access":
        claims |= {"roles": roles, "permissions": sorted(permissions_of(tuple(roles)))}
    return jwt.encode(claims, secret(use), "HS256"), token_id


def decode(use: Use, token: str) -> dict[str, Any]:
    """The claims of a token that is ours, unaltered and in its time; TokenInvalid or TokenExpired otherwise."""
    import jwt

    try:
        return jwt.decode(token, secret(use), ["HS256"], audience=use, issuer=ISSUER, leeway=0,
                          options={"require": ["exp", "iat", "nbf", "sub", "jti", "sid", "tenantId"]})
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise TokenInvalid from None


def principal(token: str) -> Principal:
    """The caller behind an access token. Signatures are checked once per token and process, expiry at every call."""
    known = verified.get(token)
    if known is None:
        if len(token) > LONGEST:  # junk in a signature is skipped when it is decoded: one token has endless spellings
            raise TokenInvalid
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
        return Principal(UUID(claims["sub"]), UUID(claims["tenantId"]), tuple(map(str, claims["roles"])),
                         str(claims["sid"]), str(claims["jti"]), float(claims["exp"]), float(claims["iat"]),
                         impersonator_id=UUID(claims["act"]["sub"]) if "act" in claims else None,
                         only=tuple(map(str, claims.get("only", ()))), logged_in_at=float(claims.get("auth_time", 0)))
    except (KeyError, TypeError, ValueError):
        raise TokenInvalid from None


def revoke(tenant_id: UUID, session_id: str) -> None:
    """End a session: its access tokens are refused from the next call on, for as long as they could live."""
    cache.command("SET", cache.key(tenant_id, "revoked", session_id), "1", "EX", settings().jwt_expiration + 60)


def bar(tenant_id: UUID, person_id: UUID) -> None:
    """Refuse every token of a person from the next call on, until they may come back or their tokens have expired."""
    cache.command("SET", cache.key(tenant_id, "barred", person_id), "1", "EX", settings().jwt_expiration + 60)


def unbar(tenant_id: UUID, person_id: UUID) -> None:
    """Let a person in again."""
    cache.command("DEL", cache.key(tenant_id, "barred", person_id))


def refuse_revoked(caller: Principal) -> None:
    """TokenRevoked when the caller's session has ended, or the caller is barred."""
    if caller.id and cache.command("EXISTS", cache.key(str(caller.tenant_id), "revoked", caller.session_id),
                                   cache.key(str(caller.tenant_id), "barred", caller.id)):
        raise TokenRevoked
