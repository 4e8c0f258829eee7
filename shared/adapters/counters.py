"""Counters in Redis that forget by themselves: one round trip each, exact however many processes count."""

from collections.abc import Collection

from shared.adapters import redis

ADD = """local n = redis.call('INCRBY', KEYS[1], ARGV[1])
if n == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return n"""
TAKE = """local limit, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local n = tonumber(redis.call('GET', KEYS[1]) or 0)
local share = math.max(0, math.min(most, math.max(1, math.floor((limit - n) / 10)), limit - n))
if share > 0 then
  redis.call('INCRBY', KEYS[1], share)
  if n == 0 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
end
return {share, n + share}"""
DOUBLE = """local wait, first, longest, memory = 0, unpack(ARGV, #KEYS + 1)
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


def add(key: str, seconds: int, amount: int = 1) -> int:
    """How many that makes since the first; forgotten so many seconds after it."""
    return int(redis.command("EVAL", ADD, 1, key, amount, seconds))


def take(key: str, limit: int, most: int, seconds: int) -> tuple[int, int]:
    """A share of what is left, and how many are taken now: a tenth of the rest, at least one, at most so
    many.
    """
    share, taken = redis.command("EVAL", TAKE, 1, key, limit, most, seconds)
    return int(share), int(taken)


def double_the_wait(
    keys: Collection[str], free: Collection[int], first: int, longest: int, memory: int
) -> int:
    """Count under each key; the seconds to wait while one has had more than its free ones, and each further
    doubles the wait.
    """
    return int(redis.command("EVAL", DOUBLE, len(keys), *keys, *free, first, longest, memory))
