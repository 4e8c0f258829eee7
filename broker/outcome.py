"""What an HTTP answer means for a delivery (Knative's delivery contract)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from broker.event import Event, NotAnEvent, TooLarge
from broker.wire import Headers, has_event, read_events

RETRYABLE = frozenset({404, 408, 409})
# 401: the broker's own token is being changed, which says nothing of the event
WEATHER = frozenset({401, 429, 502, 503, 504})
LONGEST_PAUSE = 120.0
MAX_REASON_BYTES = 1_024
MAX_RETRY_AFTER = 300.0


class Verdict(Enum):
    """What to do with the delivery."""

    DONE = auto()
    AGAIN = auto()  # it failed; counts as an attempt
    LATER = auto()  # what it needs is away, which passes: tried for an hour
    DEAD = auto()
    UNREACHABLE = auto()  # the gateway itself is away: no attempt was made


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with the status code, the first kilobyte of why, and what else the answer brought."""

    verdict: Verdict
    code: int = 0
    reason: str = ""
    retry_after: float = 0.0
    reply: Event | None = None


DELIVERED = Outcome(Verdict.DONE)
Judge = Callable[[int, Headers, bytes], Outcome]


def judge(status: int, headers: Headers, body: bytes) -> Outcome:
    """Judge an answer by its status, its headers and its body."""
    if 200 <= status < 300:
        return judge_success(status, headers, body)
    reason, after = as_reason(body), headers.get("Retry-After")
    if status in WEATHER or (status >= 500 and after):
        return Outcome(Verdict.LATER, status, reason, retry_after=retry_after(after))
    if status >= 500 or status in RETRYABLE:
        return Outcome(Verdict.AGAIN, status, reason, retry_after=retry_after(after))
    return Outcome(Verdict.DEAD, status, reason)


def judge_tick(status: int, headers: Headers, body: bytes) -> Outcome:
    """Judge the answer to a tick: nobody is waiting for an event, so any body will do."""
    return DELIVERED if 200 <= status < 300 else judge(status, headers, body)


@dataclass(slots=True)
class Tries:
    """How often something has failed, by itself and by the weather; the two wear out different patiences."""

    failed: int = 0
    weather: int = 0

    @property
    def number(self) -> int:
        """All of them."""
        return self.failed + self.weather

    def pause(self, outcome: Outcome, backoff: Sequence[float], patience: float) -> float | None:
        """Count an outcome; how long to wait before the next attempt, None when it is given up."""
        if outcome.verdict is Verdict.LATER:
            self.weather += 1
            wait = weather_pause(self.weather, patience)
        else:
            self.failed += 1
            wait = (
                backoff[self.failed - 1]
                if outcome.verdict is Verdict.AGAIN and self.failed <= len(backoff)
                else None
            )
        return None if wait is None else max(wait, outcome.retry_after)


def weather_pause(number: int, patience: float) -> float | None:
    """1, 2, 4 … 64 s, then two minutes each time; None when all those before have used up `patience` seconds."""
    waited = sum(min(2.0**n, LONGEST_PAUSE) for n in range(number - 1))
    return min(2.0 ** (number - 1), LONGEST_PAUSE) if waited < patience else None


def judge_success(status: int, headers: Headers, body: bytes) -> Outcome:
    if has_event(headers):
        try:
            (reply,) = read_events(headers, body)
        except (NotAnEvent, TooLarge, ValueError) as error:
            return Outcome(Verdict.AGAIN, 502, as_reason(f"answered {status} with a broken event: {error}"))
        return Outcome(Verdict.DONE, status, reply=reply)
    if body:
        said = as_reason(body)
        return Outcome(
            Verdict.AGAIN, 502, as_reason(f"answered {status} with a body that is not an event: {said}")
        )
    return DELIVERED


def as_reason(said: bytes | str) -> str:
    """Make text that Postgres can hold of the first kilobyte."""
    raw = said.encode(errors="replace") if isinstance(said, str) else said
    return raw[:MAX_REASON_BYTES].decode(errors="replace").replace("\0", "�")


def retry_after(value: str | None) -> float:
    if not value:
        return 0.0
    try:
        if value.isdecimal():
            return min(float(value), MAX_RETRY_AFTER)
        wait = parsedate_to_datetime(value) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(wait.total_seconds(), 0.0), MAX_RETRY_AFTER)
