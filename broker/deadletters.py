"""The operator's side of the broker, for the command line: recent events, dead letters, replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from shared.kit.settings import settings
from shared.peers import service_tokens


class BrokerSilent(Exception):
    """The broker cannot be asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One delivery that was given up; `event` is the CloudEvent in the JSON format."""

    id: int
    trigger: str
    code: int
    reason: str
    attempts: int
    died_at: str
    received_at: str
    size: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """One event without its data; each delivery has trigger, state (waiting, delivered, dead), attempts,
    code.
    """

    seq: int
    received_at: str
    size: int
    event: dict[str, Any]
    deliveries: list[dict[str, Any]]


def list_dead(trigger: str | None = None, limit: int = 50, before: int | None = None) -> list[DeadLetter]:
    """List dead letters, the newest first, at most 500; `before` continues below that id. Raises
    BrokerSilent.
    """
    asked = {"trigger": trigger, "limit": limit, "before": before}
    return [DeadLetter(**each) for each in ask("GET", "/dead", params=given(asked))["dead"]]


def recent_events(
    event_type: str | None = None, limit: int = 50, before: int | None = None
) -> list[RecentEvent]:
    """List the newest events, at most 500; `before` continues below that seq. Raises BrokerSilent."""
    asked = {"type": event_type, "limit": limit, "before": before}
    return [RecentEvent(**each) for each in ask("GET", "/events", params=given(asked))["events"]]


def replay(ids: Sequence[int] | Literal["all"]) -> int:
    """Deliver dead letters again, with all attempts anew; the number that were taken. Raises BrokerSilent."""
    return int(ask("POST", "/dead/replay", json={"ids": ids if ids == "all" else list(ids)})["replayed"])


def given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}


def ask(method: str, path: str, **content: Any) -> dict[str, Any]:
    url, token = settings().broker_url.rstrip("/"), service_tokens.delivering()
    try:
        with httpx.Client(
            headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        ) as client:
            answer = client.request(method, url + path, **content)
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise BrokerSilent(f"The broker at {url} does not answer ({error}). Is the stack up?") from error
    if answer.status_code != 200:
        raise BrokerSilent(f"The broker at {url} says: {body.get('error', answer.status_code)}.")
    return dict(body)
