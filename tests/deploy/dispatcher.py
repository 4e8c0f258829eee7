"""Knative's RabbitMQ dispatcher as eventing-rabbitmq 1.21 behaves (pkg/dispatcher/dispatcher.go); its pauses
pass at once.

What it does not try again, a 4xx too, it takes for delivered. What fails to the end goes to the dead letters;
a dead letter that is not taken in the end is acknowledged all the same, and gone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.deploy.judge import documents
from tooling.registry import ROOT

AGAIN = frozenset({404, 408, 409, 429})  # kncloudevents.SelectiveRetry, besides 5xx and no answer
NO_ANSWER = -1
Pause = Callable[[float], None]


def delivery(path: str, kind: str) -> dict[str, Any]:
    """How often, and after which pauses, by the manifest: all Triggers ask for the same."""
    [said] = {
        str(each["spec"]["delivery"]): each["spec"]["delivery"]
        for each in documents((ROOT / "knative" / "base" / path).read_text("utf-8"))
        if each["kind"] == kind
    }.values()
    return dict(said)


@dataclass
class Dispatcher:
    """Brings events through the internal gateway; `wait` may change the world while it pauses."""

    url: str
    wait: Pause = lambda _: None
    waited: float = 0
    calls: list[tuple[str, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def dispatch(self, function: str, headers: dict[str, str], body: bytes) -> None:
        """One message of a Trigger's queue."""
        status = self.tried(function, headers, body, delivery("triggers.yaml", "Trigger"))
        if is_failure(status):
            failure = {
                "ce-knativeerrordest": f"http://internal-gateway-events/events/{function}",
                "ce-knativeerrorcode": str(status),
            }
            self.bury(headers | failure, body)

    def bury(self, headers: dict[str, str], body: bytes) -> None:
        """One message of the dead letters' queue."""
        if is_failure(self.tried("keep-dead-letter", headers, body, delivery("platform.yaml", "Broker"))):
            self.lost.append(headers["ce-id"])

    def tried(self, function: str, headers: dict[str, str], body: bytes, said: dict[str, Any]) -> int:
        """The last status."""
        for number in range(1, said["retry"] + 2):
            status = self.post(function, headers, body)
            if not is_failure(status) or number > said["retry"]:
                break
            pause = number * float(said["backoffDelay"].removeprefix("PT").removesuffix("S"))
            self.waited += pause
            self.wait(pause)
        return status

    def post(self, function: str, headers: dict[str, str], body: bytes) -> int:
        """One call."""
        try:
            status = httpx.post(
                f"{self.url}/events/{function}", content=body, headers=headers, timeout=30
            ).status_code
        except httpx.TransportError:
            status = NO_ANSWER
        self.calls.append((function, status))
        return status


def is_failure(status: int) -> bool:
    """Whether it is tried again, and a failure in the end."""
    return status == NO_ANSWER or status >= 500 or status in AGAIN
