"""Editors who write listings while parts of the stack die: each tries again with the same key until it is
told 201.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self
from uuid import uuid4

import httpx

from tests.stack import LOOK, RunningStack, eventually
from tooling.demo.stage import Stage
from tooling.seed.accounts import DEMO_PASSWORD

CITY = "heidelberg"
ADMINS = ("city-admin@heidelberg.example", "super-city-admin@heidelberg.example")
WRITERS = 2
PAUSE = 0.1  # between two tries, and between two listings


@dataclass
class Editors:
    """What they were answered."""

    stack: RunningStack
    http: httpx.Client
    headers: dict[str, str]
    category: str
    logged_before: dict[str, int]  # bytes in each log
    name: str = field(default_factory=lambda: f"Lesung {uuid4().hex[:8]}")  # every title begins with it
    acknowledged: dict[str, str] = field(default_factory=dict)  # title → id
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)  # status and code
    tired: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, stack: RunningStack) -> Self:
        """Logged in."""
        stage = Stage(say=print, gateway=stack.gateway, inbox=stack.inbox)
        editor = stage.login(CITY, f"editor@{CITY}.example", DEMO_PASSWORD)
        category = editor.call("GET", "/api/categories")["items"][0]["id"]
        headers = {"X-Tenant-ID": CITY, "Authorization": f"Bearer {editor.token}"}
        return cls(
            stack,
            stage.http,
            headers,
            category,
            {log.stem: log.stat().st_size for log in stack.home.logs.iterdir()},
        )

    def write(self, count: int) -> None:
        """So many listings, one after the other."""
        for _ in range(count):
            self.write_one(f"{self.name} {uuid4().hex}")

    def write_one(self, title: str) -> None:
        """One listing, for as long as it takes."""
        body = {"categoryId": self.category, "title": title}
        once = self.headers | {"Idempotency-Key": title}
        while not self.tired.is_set():
            try:
                answer = self.http.post("/api/listings", json=body, headers=once)
            except httpx.TransportError:
                self.refusals[0, "NO_ANSWER"] += 1
            else:
                if answer.status_code == 201:
                    self.acknowledged[title] = answer.json()["id"]
                    return
                self.refusals[answer.status_code, answer.json()["error"]["code"]] += 1
            time.sleep(PAUSE)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Several, for as long as the block lasts; the last listing of each is acknowledged too."""
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                self.write(1)
                over.wait(PAUSE)

        threads = [threading.Thread(target=work) for _ in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        except BaseException:
            self.tired.set()
            raise
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def wait_for_more(self, count: int = 5) -> None:
        """Until so many more listings are acknowledged than now."""
        enough = len(self.acknowledged) + count
        eventually(lambda: len(self.acknowledged) >= enough, f"{count} more listings")

    def assert_everything_happened_once(self, *, but_a_mail_may_come_again: bool = False) -> None:
        """Each listing is there once, and nothing else; each admin has one mail about each; no event was
        given up.

        Who dies between sending a mail and writing that down sends it again, with the same Message-ID; SMTP
        knows no better way.
        """
        if but_a_mail_may_come_again:
            eventually(
                lambda: not self.stack.unpublished() + self.stack.undelivered(),
                "all events to be delivered",
                every=LOOK,
            )
            self.stack.end_leases()
        self.stack.settle()
        found = self.stack.rows(
            "heidi_core",
            "SELECT title, CAST(id AS text) FROM listings WHERE starts_with(title, :name)",
            name=self.name,
        )
        assert sorted(map(tuple, found)) == sorted(self.acknowledged.items())
        for admin in ADMINS:
            mails = self.mails(admin)
            assert sorted(
                about for about, _ in (set(mails) if but_a_mail_may_come_again else mails)
            ) == sorted(self.acknowledged)
        assert self.stack.dead_letters() == []
        assert "Traceback" not in self.logged()["gateway"]  # whatever died, it was foreseen

    def logged(self) -> dict[str, str]:
        """What each process has written since."""
        return {
            log.stem: log.read_bytes()[self.logged_before.get(log.stem, 0) :].decode(errors="replace")
            for log in sorted(self.stack.home.logs.iterdir())
        }

    def mails(self, admin: str) -> list[tuple[str, str]]:
        """Title and Message-ID of an admin's mails about these listings."""
        inbox = httpx.get(f"{self.stack.inbox}/api/messages", params={"to": admin, "limit": 1000}).json()
        found = [
            (re.search(rf"{self.name} [0-9a-f]{{32}}", mail["subject"]), mail["message_id"]) for mail in inbox
        ]
        return [(title[0], message_id) for title, message_id in found if title]
