"""The brake on guessing: after some free attempts each further one doubles the wait, however many processes there are.

Counted per (account, address), per account and per address, in Redis, before the password is looked at: parallel guesses
do not slip through, and it makes no difference whether the account exists.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from shared import cache
from shared.errors import RateLimited

FREE = {"pair": 5, "account": 25, "address": 50}
FIRST_WAIT, LONGEST_WAIT, MEMORY = 30, 900, 3600
BEGIN = """local wait, first, longest, memory = 0, unpack(ARGV, #KEYS + 1)
for _, key in ipairs(KEYS) do wait = math.max(wait, redis.call('TTL', key .. ':wait')) end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local over = redis.call('INCR', key) - tonumber(ARGV[i])
  redis.call('EXPIRE', key, memory)
  if over > 0 then
    redis.call('SET', key .. ':wait', 1, 'EX', string.format('%d', math.min(first * 2 ^ math.min(over - 1, 20), longest)))
  end
end
return 0"""


class TooManyAttempts(RateLimited):
    message = "Too many attempts. Try again in {retryAfter} seconds."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to get through a door, such as the login."""

    keys: tuple[str, ...]

    @classmethod
    def at(cls, tenant_id: UUID, account: str, address: str, door: str = "login") -> "Attempt":
        """An attempt that was counted already."""
        meant = {"pair": f"{account}\n{address}", "account": account, "address": address}
        return cls(tuple(cache.key(tenant_id, door, kind, fingerprint(meant[kind])) for kind in FREE))

    @classmethod
    def begin(cls, tenant_id: UUID, account: str, address: str, door: str = "login") -> "Attempt":
        """Count the attempt; TooManyAttempts while an earlier one has to be waited for."""
        attempt = cls.at(tenant_id, account, address, door)
        count(attempt.keys, *FREE.values())
        return attempt

    def succeeded(self) -> None:
        """Forget the failures of this account; the address only gets this attempt back, other accounts were tried too."""
        pair, account, address = self.keys
        cache.command("DEL", pair, account, f"{pair}:wait", f"{account}:wait", f"{address}:wait")
        cache.command("DECR", address)


def count(keys: Collection[str], *free: int) -> None:
    """Count something under each of these keys; TooManyAttempts where one has had more than its free ones, and must wait."""
    wait = int(cache.command("EVAL", BEGIN, len(keys), *keys, *free, FIRST_WAIT, LONGEST_WAIT, MEMORY))
    if wait > 0:
        raise TooManyAttempts(retryAfter=wait)


def fingerprint(text: str) -> str:
    """A name for an address that does not tell it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
