"""How sessions end, for which no key is needed: the rows in Postgres decide, marks in Redis make it known at
once.
"""

from typing import Any
from uuid import UUID

from functions.auth.impersonation.termination import end_impersonations
from functions.auth.sessions.queries import END_ALL, END_ONE, RENEW_ACCESS
from shared.adapters import redis
from shared.auth import tokens
from shared.context import Context


def end(ctx: Context, query: str, account_id: UUID, **which: Any) -> int:
    """End the sessions that the query picks: no refresh from the commit on, no access from the next call on.

    Redis is told before the commit: should that fail, somebody has to log in again, but no ended session
    lives on.
    """
    ended = ctx.sql.run(query, tenant=ctx.tenant.id, account=account_id, now=ctx.now, **which)
    for session_id, access_id in ended:
        tokens.revoke(ctx.tenant.id, str(access_id))
        redis.command("DEL", mark(ctx, session_id))
    return len(ended)


def shut_out(ctx: Context, account_id: UUID) -> None:
    """End all sessions of a person, and what others do in their name; refuse whatever else there is until
    they may come back.
    """
    end(ctx, END_ALL, account_id)
    end_impersonations(ctx, account_id)
    tokens.bar(ctx.tenant.id, account_id)


def end_in_any_case(ctx: Context, account_id: UUID, session_id: str) -> None:
    """End a session although the call fails: in a transaction of its own, because the call's is undone."""
    ctx.abandon()
    end(ctx, END_ONE, account_id, id=session_id)
    ctx.sql.commit()


def renew_access(ctx: Context, account_id: UUID) -> None:
    """End a person's access tokens but not the sessions: their next refresh brings tokens with the new roles."""
    for (access_id,) in ctx.sql.run(RENEW_ACCESS, tenant=ctx.tenant.id, account=account_id):
        tokens.revoke(ctx.tenant.id, str(access_id))


def mark(ctx: Context, session_id: UUID | str) -> str:
    """The session's key in Redis."""
    return redis.key(ctx.tenant.id, "session", session_id)
