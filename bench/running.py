"""The stack that is up here (`./heidi up`), for what loads it, kills parts of it and counts what came of it."""

import os
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

from bench.stack import MIB, cpu
from tests.stack import RunningStack, eventually
from tooling.demo.stage import Stage
from tooling.registry import services
from tooling.seed.accounts import DEMO_PASSWORD
from tooling.stack import records
from tooling.stack.environment import environment
from tooling.stack.home import Home
from tooling.stack.ports import DEFAULTS
from tooling.stack.state import State

WEATHER = frozenset({0, 409, 429, 502, 503, 504})  # no answer, still being done, too many, away
CITIES = ("heidelberg", "ladenburg")


def here() -> RunningStack:
    """The running stack of this checkout, or of HEIDI_HOME and the ports in the environment."""
    home = Home.here()
    if not home.state.exists():
        raise SystemExit("No stack is up here: ./heidi up -d")
    ours = environment(State.read(home.state))
    return RunningStack(home, dict(os.environ) | {name: ours[name] for name in DEFAULTS if name in ours})


def settle(stack: RunningStack) -> None:
    """Until nothing is noted, said or on its way any more, and every message has left."""
    eventually(
        lambda: not unpublished_changes(stack) + stack.unpublished() + stack.undelivered() + stack.unsent(),
        "the chain to settle",
        3_600,
    )


def unpublished_changes(stack: RunningStack) -> int:
    """What tables have noted of their changes and nobody has sent yet."""
    return sum(stack.rows(f"heidi_{service}", "SELECT count(*) FROM changes")[0][0] for service in services())


def metrics(stack: RunningStack) -> dict[str, float]:
    """The broker's numbers, as Prometheus reads them."""
    with urllib.request.urlopen(f"{stack.broker}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds so far and MiB now, by process."""

    cpu: dict[str, float]
    memory: dict[str, float]

    @classmethod
    def now(cls, stack: RunningStack) -> "Use":
        """Of all processes that are there; Postgres' backends end, so theirs is a lower bound."""
        alive = {
            record.name: psutil.Process(record.pid)
            for record in records.read(stack.home)
            if record.name != "supervisor" and psutil.pid_exists(record.pid)
        }
        return cls(
            {name: cpu(process) for name, process in alive.items()},
            {name: process.memory_info().rss / MIB for name, process in alive.items()},
        )


@dataclass
class Caller:
    """Somebody who calls again until the call is acknowledged, as an app does, with one Idempotency-Key for
    all attempts.
    """

    stack: RunningStack
    city: str
    email: str
    patience: float = 120.0
    refused: Counter[str] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.stack.gateway, timeout=30)
        self.login()

    def login(self) -> None:
        """A token of the demonstration's people."""
        stage = Stage(say=print, gateway=self.stack.gateway, inbox=self.stack.inbox)
        self.headers = {
            "X-Tenant-ID": self.city,
            "Authorization": f"Bearer {stage.login(self.city, self.email, DEMO_PASSWORD).token}",
        }
        stage.http.close()

    def call(self, method: str, path: str, key: str = "", **parts: Any) -> Any:
        """The acknowledged answer's JSON; SystemExit when none comes in time, or one that should not be.

        An approval that was done, but whose answer was lost, is refused the second time (409): that is an
        acknowledgement, too.
        """
        began = time.monotonic()
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        while time.monotonic() - began < self.patience:
            status, wait, answer = self.attempt(method, path, headers, parts)
            if 200 <= status < 300 or (status == 409 and self.refused and not key):
                self.took.append(time.monotonic() - began)
                return answer.json() if answer is not None and answer.content else None
            self.refused[str(status or "broken")] += 1
            if status not in WEATHER:
                break
            time.sleep(wait)
        self.problems.append(f"{method} {path} was not acknowledged: {status}")
        raise SystemExit(self.problems[-1])  # ends this caller's thread

    def attempt(
        self, method: str, path: str, headers: dict[str, str], parts: dict[str, Any]
    ) -> tuple[int, float, httpx.Response | None]:
        """Status (0 for a broken connection), seconds until the next attempt, answer."""
        try:
            answer = self.http.request(method, path, headers=headers, **parts)
        except httpx.HTTPError:
            return 0, 0.2, None
        return answer.status_code, float(answer.headers.get("retry-after", "0.2")), answer


def inbox(stack: RunningStack, what: str) -> list[dict[str, Any]]:
    """All mails or pushes that have come."""
    found: list[dict[str, Any]] = httpx.get(
        f"{stack.inbox}/api/{what}", params={"limit": 1_000_000}, timeout=60
    ).json()
    return found


def percentiles(seconds: list[float]) -> str:
    """p50, p99 and the longest, in milliseconds."""
    ordered = sorted(seconds) or [0.0]
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99))
    return f"p50 {p50 * 1000:.0f}   p99 {p99 * 1000:.0f}   max {ordered[-1] * 1000:.0f} ms"
