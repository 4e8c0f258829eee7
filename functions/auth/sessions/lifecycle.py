"""How sessions begin and go on: the rows in Postgres decide, marks in Redis make it known at once."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from functions.auth.account import Kind
from functions.auth.factors.requirement import restriction
from functions.auth.sessions.queries import READ, ROTATE, START
from functions.auth.sessions.session import CredentialsWrong, Person, SignedIn
from functions.auth.sessions.termination import end_in_any_case, mark
from shared.adapters import redis
from shared.auth import signing
from shared.context import Context
from shared.errors import TokenRevoked
from shared.kit.ids import new_id
from shared.kit.settings import settings

GRACE = timedelta(seconds=10)
log = logging.getLogger("heidi.auth")


class Session(NamedTuple):
    """What tokens are made from."""

    account_id: UUID
    access_id: UUID
    refresh_id: UUID
    rotated_at: datetime


def begin(
    ctx: Context, account_id: UUID, password_hash: str | None, user_agent: str, *, proven: bool = False
) -> SignedIn:
    """A new session, if the account is still as it was when the password, and the second factor, were
    checked.
    """
    session_id, access_id = new_id(), new_id()
    refresh, refresh_id = signing.issue(
        "refresh", account_id, ctx.tenant.id, [], session_id, now=ctx.now.timestamp()
    )
    row = ctx.sql.one(
        START,
        tenant=ctx.tenant.id,
        account=account_id,
        hash=password_hash,
        id=session_id,
        access_id=access_id,
        refresh_id=refresh_id,
        user_agent=user_agent,
        now=ctx.now,
        expires=expiry(ctx),
        proven=proven,
    )
    if row is None:
        raise CredentialsWrong
    person = Person(id=account_id, name=row[0], roles=row[1], tenant_id=ctx.tenant.id)
    return answer(
        ctx, person, session_id, access_id, refresh, has_factor=row[2], is_guest=row[3] == Kind.GUEST
    )


def answer(
    ctx: Context,
    person: Person,
    session_id: UUID | str,
    access_id: UUID,
    refresh: str,
    logged_in_at: int | None = None,
    *,
    has_factor: bool,
    is_guest: bool,
) -> SignedIn:
    """Both tokens; the session is marked in Redis once it is durable (requirements §9.1)."""
    life = settings().jwt_refresh_expiration
    ctx.after_commit(partial(redis.command, "SET", mark(ctx, session_id), str(person.id), "EX", life))
    only = restriction(ctx.tenant, person.roles, has_factor=has_factor)
    narrowed: dict[str, Any] = ({"only": only} if only else {}) | ({"guest": True} if is_guest else {})
    now = ctx.now.timestamp()
    access, _ = signing.issue(
        "access",
        person.id,
        ctx.tenant.id,
        person.roles,
        access_id,
        now=now,
        **narrowed,
        auth_time=int(now) if logged_in_at is None else logged_in_at,
    )
    return SignedIn(
        access_token=access,
        refresh_token=refresh,
        expires_in=settings().jwt_expiration,
        user=person,
        only=only,
    )


def rotate(ctx: Context, claims: dict[str, Any]) -> Session:
    """Replace the presented refresh token by the next; one that was replaced before ends the session.

    A client's concurrent calls may present the same token: for some seconds all of them get the same
    successor.
    """
    which = {"tenant": ctx.tenant.id, "id": claims["sid"]}
    row = ctx.sql.one(
        ROTATE, presented=claims["jti"], next=new_id(), now=ctx.now, expires=expiry(ctx), **which
    )
    if row:
        return Session(*row)
    found = ctx.sql.one(READ, **which)
    if found is None:
        raise TokenRevoked
    session, previous = Session(*found[:4]), found[4]
    if str(previous) == claims["jti"] and ctx.now - session.rotated_at <= GRACE:
        return session
    log.warning(
        "a refresh token was used twice; its session has ended",
        extra={"context": {"sessionId": claims["sid"]}},
    )
    end_in_any_case(ctx, session.account_id, claims["sid"])
    raise TokenRevoked


def successor(claims: dict[str, Any], session: Session) -> str:
    """The refresh token after the one with these claims: the same text for everyone who may have it."""
    at = int(session.rotated_at.timestamp())
    times = {"iat": at, "nbf": at, "exp": at + settings().jwt_refresh_expiration}
    return signing.sign("refresh", claims | times | {"jti": str(session.refresh_id)})


def expiry(ctx: Context) -> datetime:
    """When a session ends that is not used any more."""
    return ctx.now + timedelta(seconds=settings().jwt_refresh_expiration)
