"""The brake on guessing: after some free attempts each further one doubles the wait, however many processes
there are.

Counted per (account, address), per account and per address, in Redis, before the password is looked at:
parallel guesses do not slip through, and it makes no difference whether the account exists. Others' guesses
keep nobody out of their account: from where they got in lately the account's own count is not asked, and
elsewhere the login asks for more instead of refusing.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from shared.adapters import counters, redis
from shared.errors import RateLimited

FREE = {"pair": 5, "account": 25, "address": 50}
FIRST_WAIT, LONGEST_WAIT, MEMORY = 30, 900, 3600
KNOWN_FOR = 30 * 86400


class TooManyAttempts(RateLimited):
    message = "Too many attempts. Try again in {retryAfter} seconds."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to get through a door, such as the login. `is_doubted`: so many have failed that the
    password is not enough.
    """

    pair: str
    account: str
    address: str
    known: str
    is_known: bool = False
    is_doubted: bool = False

    @classmethod
    def at(cls, tenant_id: UUID, account: str, address: str, door: str = "login") -> "Attempt":
        """An attempt that was counted already."""
        pair = fingerprint(f"{account}\n{address}")
        return cls(
            pair=redis.key(tenant_id, door, "pair", pair),
            known=redis.key(tenant_id, door, "known", pair),
            account=redis.key(tenant_id, door, "account", fingerprint(account)),
            address=redis.key(tenant_id, door, "address", fingerprint(address)),
        )

    @classmethod
    def begin(cls, tenant_id: UUID, account: str, address: str, door: str) -> "Attempt":
        """Count the attempt; TooManyAttempts while an earlier one has to be waited for."""
        attempt = cls.at(tenant_id, account, address, door).recognised()
        attempt.count("pair", "address", *(() if attempt.is_known else ("account",)))
        return attempt

    @classmethod
    def at_the_door(cls, tenant_id: UUID, account: str, address: str) -> "Attempt":
        """Count a login. Where others have failed very often it is doubted, and not refused for that."""
        attempt = cls.at(tenant_id, account, address).recognised()
        attempt.count("pair", "address")
        return attempt if attempt.is_known else replace(attempt, is_doubted=attempt.wait("account") > 0)

    def recognised(self) -> "Attempt":
        """The same, and whether this account's owner got in from this address lately."""
        return replace(self, is_known=bool(redis.command("EXISTS", self.known)))

    def doubted(self) -> "Attempt":
        """The same, of a login that was doubted."""
        return replace(self, is_doubted=True)

    def wait(self, *kinds: str) -> int:
        """Count under these; how long an earlier attempt has to be waited for."""
        keys = [getattr(self, kind) for kind in kinds]
        return counters.double_the_wait(
            keys, [FREE[kind] for kind in kinds], FIRST_WAIT, LONGEST_WAIT, MEMORY
        )

    def count(self, *kinds: str) -> None:
        """Count under these; TooManyAttempts while an earlier attempt has to be waited for."""
        if (wait := self.wait(*kinds)) > 0:
            raise TooManyAttempts(retryAfter=wait)

    def succeeded(self) -> None:
        """Forget the failures of this account; the address only gets this attempt back, other accounts were
        tried too.

        What others have failed meanwhile is not forgotten: each login of the owner's would give them new free
        attempts.
        """
        own = (self.pair,) if self.is_known or self.is_doubted else (self.pair, self.account)
        redis.command("DEL", *own, *(f"{key}:wait" for key in (*own, self.address)))
        redis.command("DECR", self.address)
        self.let_in()

    def let_in(self) -> None:
        """Whoever has proven from this address that the account is theirs is asked for no more here, for a
        while.
        """
        redis.command("SET", self.known, 1, "EX", KNOWN_FOR)
        redis.command("DEL", self.pair, f"{self.pair}:wait")


def count(keys: Collection[str], *free: int) -> None:
    """Count something under each of these keys; TooManyAttempts where one has had more than its free ones,
    and must wait.
    """
    wait = counters.double_the_wait(keys, free, FIRST_WAIT, LONGEST_WAIT, MEMORY)
    if wait > 0:
        raise TooManyAttempts(retryAfter=wait)


def fingerprint(text: str) -> str:
    """A name for an address that does not tell it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
