"""How much of a city's questions of the month one address, or one person, can use in a day: nobody uses them
all up.

What is not answered counts for neither, but a model's work for it was paid for all the same: that has a limit
of its own, beyond which the built-in way answers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from shared.adapters import counters, redis
from shared.context import Context
from shared.errors import RateLimited

PART, LEAST = 100, 20  # a hundredth of the month's, twenty at least
DAY = 86400
# questions a day for which a model works though no answer comes of it: of one person, of all
IN_VAIN, IN_VAIN_IN_CITY = 20, 500


class EnoughForToday(RateLimited):
    message = "Those were many questions for one day. Please go on tomorrow."


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of today, and where it is counted."""

    keys: tuple[str, ...] = ()

    def give_back(self) -> None:
        """It does not count."""
        for key in self.keys:
            counters.add(key, DAY, -1)


@contextmanager
def share_of_today(ctx: Context) -> Iterator[Asked]:
    """Count a question; EnoughForToday where it is one too many. What fails does not count."""
    limit = ctx.tenant.quotas.get("questions")
    if limit is None or ctx.user.is_staff:
        yield Asked()
        return
    key = of_today(ctx, "questions", *who(ctx))
    asked = Asked((key,))
    if counters.add(key, DAY) > max(limit // PART, LEAST):
        raise EnoughForToday(retryAfter=DAY - (ctx.now.hour * 60 + ctx.now.minute) * 60 - ctx.now.second)
    try:
        yield asked
    except BaseException:
        asked.give_back()
        raise


def buy(ctx: Context) -> Asked | None:
    """Count a question for which a model works, to be given back once it is answered; None where too many
    were not.
    """
    limits = {of_today(ctx, "in-vain", *who(ctx)): IN_VAIN, of_today(ctx, "in-vain"): IN_VAIN_IN_CITY}
    bought = Asked(tuple(limits))
    counted = [counters.add(key, DAY) <= most for key, most in limits.items()]
    if all(counted):
        return bought
    bought.give_back()
    return None


def who(ctx: Context) -> tuple[str, UUID | str]:
    """Whoever asks: a person who is known, or else an address."""
    if ctx.user.id and not ctx.user.guest:
        return "person", ctx.user.id
    return "address", ctx.address


def of_today(ctx: Context, what: str, *whose: UUID | str) -> str:
    """The counter of this city's day."""
    return redis.key(ctx.tenant.id, what, f"{ctx.now:%Y-%m-%d}", *whose)
