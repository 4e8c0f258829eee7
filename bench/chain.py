"""From a click to a letter: how long after an admin approves a listing its author's mail is in the inbox.

    python -m bench.chain [--rounds 100]

On a stack of its own, as `./heidi up` starts it, but for the rate limits. Each round creates a listing, waits
for the admin's mail about it, approves it and looks into the author's inbox until the mail is there; the time
runs from sending the approval, so it holds the call itself, outbox, broker, two functions, SMTP, and the
looking.
"""

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.stack import RunningStack
from tooling.demo.stage import Person, Stage
from tooling.seed.accounts import DEMO_PASSWORD

CITY = "heidelberg"
ADMIN, EDITOR = f"city-admin@{CITY}.example", f"editor@{CITY}.example"
NO_LIMITS = {"RATE_LIMIT_TENANT": "1000000", "RATE_LIMIT_USER": "1000000", "RATE_LIMIT_IP": "1000000"}
WARM_UP = 10
GIVE_UP = 30.0


HOPS = """SELECT extract(epoch FROM min(received_at) FILTER (WHERE type = 'app.heidi.listing.approved'))::float,
 extract(epoch FROM min(received_at) FILTER (WHERE type = 'app.heidi.notification.requested'))::float
 FROM events WHERE attributes->>'correlationid' = :correlation"""
POINTS = (
    "the admin has the answer",
    "the broker has the approval",
    "the broker has the wish for a mail",
    "the mail server has the mail",
    "the mail is seen in the inbox",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """An editor, an admin, and both their inboxes."""

    stack: RunningStack
    stage: Stage
    editor: Person
    admin: Person
    category: str

    @classmethod
    def of(cls, stack: RunningStack, stage: Stage) -> "Desk":
        """Both logged in."""
        editor, admin = (stage.login(CITY, email, DEMO_PASSWORD) for email in (EDITOR, ADMIN))
        return cls(stack, stage, editor, admin, editor.call("GET", "/api/categories")["items"][0]["id"])

    def round(self) -> list[float]:
        """One listing on its way: seconds from sending the approval to each of the points."""
        title, correlation = f"Lesung {uuid4().hex}", uuid4().hex
        listing = self.editor.call(
            "POST", "/api/listings", expect=201, json={"categoryId": self.category, "title": title}
        )
        self.wait_for_mail(ADMIN, title)
        begin = time.time()
        self.admin.call(
            "PATCH", f"/api/listings/{listing['id']}/approve", headers={"X-Correlation-Id": correlation}
        )
        answered = time.time()
        mail = self.wait_for_mail(EDITOR, title)
        seen = time.time()
        [[approved, requested]] = self.stack.rows("heidi_broker", HOPS, correlation=correlation)
        received = datetime.fromisoformat(mail["received_at"]).timestamp()
        return [moment - begin for moment in (answered, approved, requested, received, seen)]

    def wait_for_mail(self, to: str, title: str) -> dict[str, Any]:
        """Look at the newest mails again and again, with a breath between."""
        end = time.monotonic() + GIVE_UP
        while time.monotonic() < end:
            newest = self.stage.http.get(
                f"{self.stage.inbox}/api/messages", params={"to": to, "limit": 3}
            ).json()
            if found := [mail for mail in newest if title in mail["subject"]]:
                return dict(found[0])
            time.sleep(0.005)
        raise SystemExit(f"no mail to {to} within {GIVE_UP:.0f} s")


def figures(seconds: Sequence[float]) -> str:
    """In milliseconds."""
    half, most = statistics.median(seconds), statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return f"p50 {half * 1_000:6.1f} ms   p95 {most * 1_000:6.1f} ms"


def run(rounds: int) -> None:
    """Measure and print."""
    with RunningStack.started(**NO_LIMITS) as stack:
        stack.settle()
        stage = Stage(say=print, gateway=stack.gateway, inbox=stack.inbox)
        with closing(stage.http):
            desk = Desk.of(stack, stage)
            for _ in range(WARM_UP):
                desk.round()
            measured = [desk.round() for _ in range(rounds)]
    print(f"python -m bench.chain --rounds {rounds}   ({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})")
    print("since the approval was sent:")
    for point, seconds in zip(POINTS, zip(*measured, strict=True), strict=True):
        print(f"  {point:<38}{figures(seconds)}")


def main() -> None:
    """The benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    run(parser.parse_args().rounds)


if __name__ == "__main__":
    main()
