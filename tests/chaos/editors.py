"""Editors who write listings while parts of the stack die: each tries again with the same key until it is told 201."""
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self
from uuid import uuid4

import httpx

from tests.stack import RunningStack, eventually
from tooling.demo.stage import Stage
from tooling.seed.accounts import DEMO_PASSWORD

CITY = "heidelberg"
ADMINS = ("city-admin@heidelberg.example", "super-city-admin@heidelberg.example")
WRITERS = 3
LETTERS = 33  # of a title after the name: a space and a UUID
PAUSE = 0.1   # between two tries, and between two listings


@dataclass
class Editors:
    """What they were answered."""

    stack: RunningStack
    http: httpx.Client
    headers: dict[str, str]
    category: str
    logged_before: dict[str, int]                                            # bytes in each log
    name: str = field(default_factory=lambda: f"Lesung {uuid4().hex[:8]}")   # every title begins with it
    acknowledged: dict[str, str] = field(default_factory=dict)               # title → id
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)      # status and code
    tired: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, stack: RunningStack) -> Self:
        """Logged in."""
        stage = Stage(say=print, gateway=stack.gateway, inbox=stack.inbox)
        editor = stage.login(CITY, f"editor@{CITY}.example", DEMO_PASSWORD)
        category = editor.call("GET", "/api/categories")["items"][0]["id"]
        headers = {"X-Tenant-ID": CITY, "Authorization": f"Bearer {editor.token}"}
        return cls(stack, stage.http, headers, category, {log.stem: log.stat().st_size for log in stack.home.logs.iterdir()})

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

    def assert_everything_happened_once(self) -> None:
        """Each listing is there once, and nothing else; each admin has one mail about each; no event was given up."""
        self.stack.settle()
        found = self.stack.rows("heidi_core", "SELECT title, CAST(id AS text) FROM listings WHERE starts_with(title, :name)", name=self.name)
        assert sorted(map(tuple, found)) == sorted(self.acknowledged.items())
        for admin in ADMINS:
            assert self.mails(admin) == dict.fromkeys(self.acknowledged, 1), admin
        assert self.stack.dead_letters() == []
        assert "Traceback" not in self.logged()["gateway"]   # whatever died, it was foreseen

    def logged(self) -> dict[str, str]:
        """What each process has written since."""
        return {log.stem: log.read_bytes()[self.logged_before.get(log.stem, 0):].decode(errors="replace")
                for log in sorted(self.stack.home.logs.iterdir())}

    def mails(self, admin: str) -> dict[str, int]:
        """How many mails about each listing an admin has; two with the same Message-ID are one (RFC 5322 §3.6.4)."""
        inbox = httpx.get(f"{self.stack.inbox}/api/messages", params={"to": admin, "limit": 1000}).json()
        print("DUP", sum(self.name in m["subject"] for m in inbox), len({m["message_id"] for m in inbox if self.name in m["subject"]}), sum(m["duplicate"] for m in inbox if self.name in m["subject"]))
        subjects = {mail["message_id"]: mail["subject"] for mail in inbox}
        about = (subject.partition(self.name)[2] for subject in subjects.values() if self.name in subject)
        return dict(Counter(self.name + rest[:LETTERS] for rest in about))
