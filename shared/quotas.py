"""What a city may use: counted in the transaction that uses it, exactly, however many do so at once
(CAPABILITIES: quotas).

A city's limits come with the tenant directory (`Tenant.quotas`); a kind that is not there is not limited.
Every service counts its own kinds in its table `usage`; the row's lock makes concurrent calls of one city
wait for each other, which is what exact means. Stored bytes are one stock in several services: each counts
its own exactly, and knows the others' a moment late (shared/tenancy/stored_bytes.py). What takes long must
not hold that lock: count it first, in a transaction of its own, and give it back if it fails.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from shared.context import Context
from shared.db.pg import pool
from shared.db.sql import Sql
from shared.errors import Problem
from shared.kit.http import Json
from shared.tenancy import stored_bytes

Kind = Literal["listings", "storage_bytes", "builds", "questions"]
# counted by month, in UTC; the others are a stock that grows and shrinks
PERIODICAL = frozenset({"builds", "questions"})
SPEND = """INSERT INTO usage AS u (tenant_id, kind, period, used)
 SELECT :tenant, :kind, :period, CAST(:amount AS bigint)
  WHERE CAST(:limit AS bigint) IS NULL OR CAST(:amount AS bigint) <= CAST(:limit AS bigint)
 ON CONFLICT (tenant_id, kind, period) DO UPDATE SET used = u.used + excluded.used
  WHERE CAST(:limit AS bigint) IS NULL OR u.used + excluded.used <= CAST(:limit AS bigint)
 RETURNING used"""
IS_TOO_MUCH = """SELECT 1 WHERE CAST(:amount AS bigint) + coalesce((SELECT used FROM usage
  WHERE tenant_id = :tenant AND kind = :kind AND period = :period), 0) > CAST(:limit AS bigint)"""
GIVE_BACK = """UPDATE usage SET used = greatest(used - CAST(:amount AS bigint), 0)
 WHERE tenant_id = :tenant AND kind = :kind AND period = :period"""
COUNT = """INSERT INTO usage AS u (tenant_id, kind, period, used)
 VALUES (:tenant, :kind, :period, greatest(CAST(:amount AS bigint), 0))
 ON CONFLICT (tenant_id, kind, period) DO UPDATE SET used = greatest(u.used + CAST(:amount AS bigint), 0)"""
USED = """SELECT coalesce(json_object_agg(kind, used), '{}')::text FROM usage
 WHERE tenant_id = :tenant AND period IN ('', :period)"""


class QuotaExceeded(Problem):
    status = 429
    message = "The city's quota for {quota} is used up: {limit}."


def spend(ctx: Context, kind: Kind, amount: int = 1, sql: Sql | None = None) -> None:
    """Use up some of a quota; QuotaExceeded when that much is not left. Undone with the transaction that it
    is part of.
    """
    if amount and not (sql or ctx.sql).run(SPEND, **price(ctx, kind, amount)):
        raise exceeded(ctx, kind)
    note(ctx, kind, amount)


def look(ctx: Context, kind: Kind, amount: int) -> None:
    """QuotaExceeded when that much is not left at this moment; nothing is used up: before work that would be
    in vain.
    """
    limit = price(ctx, kind, amount)["limit"]
    if (
        amount > 0
        and limit is not None
        and ctx.sql.run(IS_TOO_MUCH, limit=limit, amount=amount, **counter(ctx, kind))
    ):
        raise exceeded(ctx, kind)


def price(ctx: Context, kind: Kind, amount: int = 1) -> dict[str, object]:
    """The parameters of SPEND, also for a statement that has it inside, and does nothing where SPEND gives no
    row.
    """
    limit = ctx.tenant.quotas.get(kind)
    if limit is not None and kind == "storage_bytes":
        limit -= stored_bytes.elsewhere(ctx.tenant.id, ctx.record.service)
    return {"limit": limit, "amount": amount, **counter(ctx, kind)}


def exceeded(ctx: Context, kind: Kind) -> QuotaExceeded:
    """What to say where a quota is used up."""
    return QuotaExceeded(quota=kind, limit=ctx.tenant.quotas.get(kind))


def give_back(
    ctx: Context, kind: Kind, amount: int = 1, sql: Sql | None = None, *, spent: datetime | None = None
) -> None:
    """Make room again, for what was deleted or did not come about; in the month in which it was `spent`, else
    in this one.
    """
    (sql or ctx.sql).queue(GIVE_BACK, amount=amount, **counter(ctx, kind, spent))
    note(ctx, kind, -amount)


def replace(ctx: Context, kind: Kind, old: int, new: int) -> None:
    """Count something that takes the place of something else; QuotaExceeded when it is larger, and more is
    not left.
    """
    if new > old:
        spend(ctx, kind, new - old)
    elif new < old:
        give_back(ctx, kind, old - new)


def correct(ctx: Context, kind: Kind, difference: int) -> None:
    """Count what turned out larger or smaller than was spent; what is there already is never refused."""
    if difference:
        ctx.sql.queue(COUNT, amount=difference, **counter(ctx, kind))
        note(ctx, kind, difference)


def note(ctx: Context, kind: Kind, difference: int) -> None:
    """Let the other services know once it is true, where they count the same."""
    if kind == "storage_bytes" and difference:
        ctx.after_commit(partial(stored_bytes.add, ctx.tenant.id, ctx.record.service, difference))


@contextmanager
def ahead(ctx: Context, kind: Kind) -> Iterator[None]:
    """Use up one of a quota before work that takes long, in a transaction of its own; given back when the
    work fails.
    """
    own = Sql(pool(ctx.record.database), ctx.tenant.id)
    apart(own, spend, ctx, kind)
    try:
        yield
    except BaseException:
        apart(own, give_back, ctx, kind)
        raise


def apart(own: Sql, count: Callable[..., None], ctx: Context, kind: Kind) -> None:
    """Count and commit, whatever becomes of the invocation."""
    try:
        count(ctx, kind, sql=own)
        own.commit()
    except BaseException:
        own.rollback()
        raise


def used(ctx: Context) -> Json[dict[str, int]]:
    """What the city has used of each kind that this service counts, in this month where it is counted by
    month.
    """
    return ctx.sql.json(USED, tenant=ctx.tenant.id, period=f"{ctx.now:%Y-%m}")


def counter(ctx: Context, kind: Kind, at: datetime | None = None) -> dict[str, object]:
    """Which row counts, now or at another time."""
    period = f"{(at or ctx.now).astimezone(UTC):%Y-%m}" if kind in PERIODICAL else ""
    return {"tenant": ctx.tenant.id, "kind": kind, "period": period}
