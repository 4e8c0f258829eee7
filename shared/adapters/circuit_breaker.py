"""Stop asking an outside system that is down: one circuit per system and account, shared by all processes
through Redis.

closed → open after 5 faults in 60 s, one that took long counting twice → half-open after 30 s, when exactly
one call in the whole cluster tries; if it fails, open for twice as long, at most 10 min; if it is answered,
closed. Refused credentials open at once, as `misconfigured`; an answer "too many requests" opens for exactly
as long as it says. Without Redis every call goes through: no worse than without a breaker.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from shared.adapters import redis
from shared.errors import Problem, Unavailable
from shared.kit.ids import PLATFORM_ID
from shared.telemetry.metrics import outside

Outcome = Literal["answered", "fault", "misconfigured", "busy"]
State = Literal["closed", "half_open", "open", "misconfigured"]
FAULTS, WINDOW = 5, 60
PAUSE, LONGEST_PAUSE = 30, 600  # seconds
# a fault that took so many seconds counts twice: five timeouts do not fit into the window
SLOW, OF_SLOW = 5.0, 2
TRIAL = 60  # seconds after which a trial that never ended counts as none
UNSEEN = 5.0  # seconds without asking Redis after it did not answer
LEVELS: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2, "misconfigured": 3}
LOUDNESS = {"closed": logging.INFO, "open": logging.WARNING, "misconfigured": logging.ERROR}
CLOCK = (
    "local t = redis.call('TIME') local now = tonumber(ARGV[1]) or (t[1] * 1000 + math.floor(t[2] / 1000)) "
)
ASK = (
    CLOCK
    + """
local till, trial = unpack(redis.call('HMGET', KEYS[1], 'till', 'trial'))
if not till then return {0, 0} end
local wait = math.max(tonumber(till), tonumber(trial or 0)) - now
if wait > 0 then return {wait, 0} end
redis.call('HSET', KEYS[1], 'trial', now + tonumber(ARGV[2]))
return {0, 1}"""
)
TELL = (
    CLOCK
    + """
local outcome, trial, window, faults, pause, longest, asked = ARGV[2], ARGV[3] == '1', unpack(ARGV, 4)
local weight = tonumber(ARGV[10])
local till, before = unpack(redis.call('HMGET', KEYS[1], 'till', 'pause'))
if till and not trial and outcome ~= 'busy' then return 'late' end
if outcome == 'answered' then
  redis.call('DEL', KEYS[1], KEYS[2])
  return 'closed'
end
local wait = before and math.min(before * 2, longest) or pause
if outcome == 'busy' then wait = asked end
if outcome == 'fault' and not trial then
  for _ = 1, weight do redis.call('LPUSH', KEYS[2], now) end
  redis.call('LTRIM', KEYS[2], 0, faults - 1)
  redis.call('PEXPIRE', KEYS[2], window)
  local first = redis.call('LINDEX', KEYS[2], faults - 1)
  if not first or now - first > tonumber(window) then return 'counted' end
end
local state = outcome == 'misconfigured' and outcome or 'open'
redis.call('HSET', KEYS[1], 'till', now + tonumber(wait), 'state', state)
if outcome ~= 'busy' then redis.call('HSET', KEYS[1], 'pause', wait) end
redis.call('HDEL', KEYS[1], 'trial')
redis.call('PEXPIRE', KEYS[1], longest * 6)
redis.call('HSET', KEYS[3], KEYS[1], ARGV[9])
return state"""
)
log = logging.getLogger("heidi.breaker")
unseen_until = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call to an outside system ended, where its error alone does not say it; `wait` in seconds."""

    outcome: Outcome
    wait: float = 0


class Breaker:
    """The circuit of one outside system, for one account with it: what is wrong with one key says nothing
    about another.
    """

    def __init__(self, dependency: str, *account: object, clock: Callable[[], float] | None = None) -> None:
        self.dependency, self.clock = dependency, clock
        # it has secrets in it
        self.account = hashlib.sha256("\n".join(map(str, account)).encode()).hexdigest()[:16]

    @property
    def key(self) -> str:
        """Where its state is."""
        return redis.key(PLATFORM_ID, "circuit", self.dependency, self.account)

    @contextmanager
    def call(self, unavailable: Callable[[float], Unavailable]) -> Iterator[None]:
        """Make one call, or raise `unavailable(seconds)` at once while the circuit is open.

        A call that raises Unavailable is a fault, unless its error carries an `ended`; any other error is an
        answer.
        """
        wait, is_trial = self.ask()
        started = time.monotonic()
        if wait:
            outside.count(self.dependency, "left_alone")
            raise unavailable(wait)
        try:
            yield
        except Exception as error:
            ended = ending_of(error)
            outside.count(self.dependency, ended.outcome)
            if is_trial or ended.outcome != "answered":
                self.tell(
                    ended, is_trial=is_trial, weight=OF_SLOW if time.monotonic() - started >= SLOW else 1
                )
            raise
        outside.count(self.dependency, "answered")
        if is_trial:
            self.tell(Ended("answered"), is_trial=True)

    def ask(self) -> tuple[float, bool]:
        """Seconds to wait before the system may be asked (0: now), and whether this call is the one that
        tries.
        """
        wait, is_trial = evaluate(ASK, [self.key], self.now(), TRIAL * 1000) or (0, 0)
        return int(wait) / 1000, bool(is_trial)

    def tell(self, ended: Ended, *, is_trial: bool = False, weight: int = 1) -> None:
        """Remember how a call ended, a fault as so many."""
        keys = [self.key, self.key + ":faults", circuits()]
        state = evaluate(
            TELL,
            keys,
            self.now(),
            ended.outcome,
            int(is_trial),
            WINDOW * 1000,
            FAULTS,
            PAUSE * 1000,
            LONGEST_PAUSE * 1000,
            max(1, round(ended.wait * 1000)),
            self.dependency,
            weight,
        )
        if (said := text(state)) in LOUDNESS:
            log.log(LOUDNESS[said], "circuit %s", said, extra={"context": {"dependency": self.dependency}})

    def now(self) -> object:
        """Milliseconds by the injected clock; empty for Redis's own, which is the same for all processes."""
        return round(self.clock() * 1000) if self.clock else ""


def ending_of_status(status: int, retry_after: float = 10.0) -> Ended:
    """How a call ended that was answered with this HTTP status."""
    if status == 429:
        return Ended("busy", retry_after)
    return Ended("misconfigured" if status in {401, 403} else "fault" if status >= 500 else "answered")


def ending_of(error: Exception) -> Ended:
    """How a call ended that raised this."""
    if isinstance(error, Unavailable):
        return error.ended or Ended("fault")
    return Ended("answered" if isinstance(error, Problem) else "fault")


def states() -> dict[str, State]:
    """Of each outside system whose circuit was ever open the state of its worst account."""
    found: dict[str, State] = {}
    for key, dependency in pairs(redis.command("HGETALL", circuits())):
        state = state_of(key)
        found[dependency] = max(found.get(dependency, "closed"), state, key=LEVELS.__getitem__)
    return found


def state_of(key: str) -> State:
    """The state of one circuit; half-open is when its pause is over and nobody's trial has closed it yet."""
    fields = dict(pairs(redis.command("HGETALL", key)))
    if not fields:
        return "closed"
    if fields["state"] == "misconfigured":
        return "misconfigured"
    return "open" if float(fields["till"]) > time.time() * 1000 else "half_open"


def pairs(answer: Any) -> Iterator[tuple[str, str]]:
    """What HGETALL answers, in either protocol."""
    items = answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
    yield from ((text(name), text(value)) for name, value in items)


def text(value: Any) -> str:
    """A Redis string."""
    return value.decode() if isinstance(value, bytes) else str(value or "")


def circuits() -> str:
    """Where the circuits are listed that were ever open."""
    return redis.key(PLATFORM_ID, "circuits")


def evaluate(script: str, keys: list[str], *values: object) -> Any:
    """What a script answers; None without Redis, which is not asked again for a moment."""
    global unseen_until  # noqa: PLW0603 (of this process)
    if time.monotonic() < unseen_until:
        return None
    try:
        return redis.command("EVAL", script, len(keys), *keys, *values)
    except Unavailable:
        unseen_until = time.monotonic() + UNSEEN
        return None
