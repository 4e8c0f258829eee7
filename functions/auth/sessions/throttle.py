"""The brake on guessing: after some free attempts each further one doubles the wait, however many processes there are.

Counted per (account, address), per account and per address, in Redis, before the password is looked at: parallel guesses
do not slip through, and it makes no difference whether the account exists.
"""
import hashlib
from dataclasses import dataclass
from uuid import UUID

from shared import cache
from shared.errors import RateLimited

FREE = {"pair": 5, "account": 25, "address": 50}
FIRST_WAIT, LONGEST_WAIT, MEMORY = 30, 900, 3600
BEGIN = """local wait = 0
for _, key in ipairs(KEYS) do wait = math.max(wait, redis.call('TTL', key .. ':wait')) end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local over = redis.call('INCR', key) - tonumber(ARGV[i])
  redis.call('EXPIRE', key, ARGV[6])
  if over > 0 then
    redis.call('SET', key .. ':wait', 1, 'EX', string.format('%d', math.min(ARGV[4] * 2 ^ math.min(over - 1, 20), ARGV[5])))
  end
end
return 0"""


class TooManyAttempts(RateLimited):
    message = "Too many attempts. Try again in {retryAfter} seconds."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to log in."""

    keys: tuple[str, ...]

    @classmethod
    def begin(cls, tenant_id: UUID, email: str, address: str) -> "Attempt":
        """Count the attempt; TooManyAttempts while an earlier one has to be waited for."""
        meant = {"pair": f"{email}\n{address}", "account": email, "address": address}
        keys = tuple(cache.key(tenant_id, "login", kind, fingerprint(meant[kind])) for kind in FREE)
        wait = int(cache.command("EVAL", BEGIN, len(keys), *keys, *FREE.values(), FIRST_WAIT, LONGEST_WAIT, MEMORY))
        if wait > 0:
            raise TooManyAttempts(retryAfter=wait)
        return cls(keys)

    def succeeded(self) -> None:
        """Forget the failures of this account; the address only gets this attempt back, other accounts were tried too."""
        pair, account, address = self.keys
        cache.command("DEL", pair, account, f"{pair}:wait", f"{account}:wait", f"{address}:wait")
        cache.command("DECR", address)


def fingerprint(text: str) -> str:
    """A name for an address that does not tell it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
