"""What the scenes are played with: people who call the API, a mailbox, and expectations."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from tooling.seed.accounts import DEMO_PASSWORD

T = TypeVar("T")
PATIENCE = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # between two looks: so few that no rate limit is ever reached


class Unexpected(AssertionError):
    """The story went otherwise than it should."""


@dataclass
class Person:
    """Somebody with a token, in a city."""

    stage: "Stage"
    city: str
    token: str = ""

    def call(self, method: str, path: str, *, expect: int | tuple[int, ...] = 200, **parts: Any) -> Any:
        """Call the API; the answer's JSON, or its bytes. Unexpected when the status is another one."""
        headers = {"X-Tenant-ID": self.city, **parts.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = self.stage.http.request(method, path, headers=headers, **parts)
        if answer.status_code not in (expect if isinstance(expect, tuple) else (expect,)):
            raise Unexpected(
                f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:500]}"
            )
        return (
            answer.json()
            if answer.content and "json" in answer.headers.get("content-type", "")
            else answer.content
        )


@dataclass
class Stage:
    """One performance: where the stack is, what has been said so far, and things that later scenes need."""

    say: Callable[[str], None]
    gateway: str = field(default_factory=lambda: os.environ.get("PUBLIC_URL", "http://127.0.0.1:8080"))
    inbox: str = field(default_factory=lambda: f"http://127.0.0.1:{os.environ.get('INBOX_PORT', '8083')}")
    props: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.gateway, timeout=30)

    def anonymous(self, city: str) -> Person:
        """A citizen without an account."""
        return Person(self, city)

    def login(self, city: str, email: str, password: str) -> Person:
        """Somebody who logs in; `city` is where they act."""
        tokens = Person(self, city).call(
            "POST", "/api/auth/login", json={"email": email, "password": password, "tenantId": city}
        )
        return Person(self, city, tokens["accessToken"])

    def mail(self, to: str, about: str) -> dict[str, Any]:
        """The newest mail to an address whose subject holds `about`, as soon as it is there."""

        def look() -> dict[str, Any] | None:
            found = self.http.get(f"{self.inbox}/api/messages", params={"to": to}).json()
            return next((mail for mail in found if about in mail["subject"]), None)

        mail = until(look, f"a mail to {to} about {about!r}")
        whole: dict[str, Any] = self.http.get(f"{self.inbox}/api/messages/{mail['id']}").json()
        return whole

    def push(self, token: str, about: str) -> dict[str, Any]:
        """The push to a device that holds `about`."""

        def look() -> dict[str, Any] | None:
            found = self.http.get(f"{self.inbox}/api/pushes", params={"token": token}).json()
            return next((push for push in found if about in str(push)), None)

        return until(look, f"a push about {about!r}")


def member(stage: Stage, role: str, city: str) -> Person:
    """One of a city's demonstration people, logged in."""
    return stage.login(city, f"{role.replace('_', '-')}@{city}.example", DEMO_PASSWORD)


def until(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it does; Unexpected when it does not in time."""
    end, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    raise Unexpected(f"waited {PATIENCE:.0f} s for {what}")


def expect(what: str, *, holds: bool) -> None:
    """Go on only if this is so."""
    if not holds:
        raise Unexpected(what)
