"""Everything dies again and again under load, and then every acknowledged call is accounted for.

    python -m bench.storm [--seconds 540] [--threads 8] [--seed 1] [--rest 4]

On the stack that is up here, started with high rate limits. Editors create listings, admins approve or reject
them, each trying again with the same Idempotency-Key until told that it is done; meanwhile gateway, broker,
Postgres, Redis and the third parties are killed, or frozen for some seconds, one at a time. In the end: rows,
audit entries, mails and pushes of what was acknowledged. Exits 1 when anything is missing or there twice that
must not be.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

from bench.running import CITIES, Caller, here, inbox, percentiles, settle
from tests.stack import RunningStack

PARTS = ("gateway", "broker", "postgres", "redis", "thirdparty")
ROLES = ("editor", "city-admin")
AUDITED = """SELECT action, count(*), count(DISTINCT resource_id) FROM entries
 WHERE resource_id = ANY (CAST(:ids AS uuid[])) AND action IN ('listing.created', 'listing.approved', 'listing.rejected', 'record.insert')
  AND resource_type = 'listing' GROUP BY action"""


@dataclass
class Work:
    """What was acknowledged, by everybody."""

    title: str = field(default_factory=lambda: f"Sturm {uuid4().hex[:8]}")
    created: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def go_on(self, editor: Caller, admin: Caller, until: float) -> None:
        """Listings and decisions, one after the other."""
        category = editor.call("GET", "/api/categories")["items"][0]["id"]
        while time.monotonic() < until:
            said = {"categoryId": category, "title": f"{self.title} {uuid4().hex}"}
            listing = editor.call("POST", "/api/listings", uuid4().hex, json=said)["id"]
            self.created.append(listing)
            if random.random() < 0.75:
                admin.call("PATCH", f"/api/listings/{listing}/approve")
                self.approved.append(listing)
            else:
                admin.call("PATCH", f"/api/listings/{listing}/reject", json={"reason": "Sturm"})
                self.rejected.append(listing)


def blow(
    stack: RunningStack, until: float, rest: float, luck: random.Random
) -> tuple[Counter[str], list[float]]:
    """Kill and freeze; what was done how often, and how long each took to be ready again."""
    done: Counter[str] = Counter()
    back: list[float] = []
    while time.monotonic() < until:
        part, frozen = luck.choice(PARTS), luck.random() < 0.2
        began = time.monotonic()
        if frozen:
            with stack.frozen(part):
                time.sleep(luck.uniform(1, 8))
        else:
            os.kill(stack.record(part).pid, signal.SIGKILL)
            began = time.monotonic()
        done[f"{part} {'frozen' if frozen else 'killed'}"] += 1
        stack.wait_ready(part)
        back.append(time.monotonic() - began)
        time.sleep(luck.uniform(0, 2 * rest))
    return done, back


def account(stack: RunningStack, work: Work) -> list[str]:
    """What does not add up; prints everything on the way."""
    wrong: list[str] = []

    def compare(what: str, found: object, wanted: object) -> None:
        print(f"{what:<28}{found} of {wanted}{'' if found == wanted else '   WRONG'}")
        if found != wanted:
            wrong.append(what)

    rows = dict(
        map(
            tuple,
            stack.rows(
                "heidi_core",
                "SELECT CAST(id AS text), status FROM listings WHERE starts_with(title, :title)",
                title=work.title,
            ),
        )
    )
    compare("listings", sorted(rows) == sorted(work.created) and len(rows), len(work.created))
    for status, ids in (("published", work.approved), ("rejected", work.rejected)):
        compare(status, sum(rows.get(one) == status for one in ids), len(ids))
    audited = {
        action: (count, ids) for action, count, ids in stack.rows("heidi_audit", AUDITED, ids=work.created)
    }
    for action, ids in (
        ("listing.created", work.created),
        ("record.insert", work.created),
        ("listing.approved", work.approved),
        ("listing.rejected", work.rejected),
    ):
        compare(f"audit {action}", audited.get(action, (0, 0)), (len(ids), len(ids)))
    mails = [
        (str(mail["to"]), mail["message_id"])
        for mail in inbox(stack, "messages")
        if work.title in mail["subject"]
    ]
    doubtful = stack.rows(
        "heidi_notification",
        "SELECT count(*) FROM deliveries WHERE channel = 'email' AND state = 'uncertain'",
    )[0][0]
    print(
        f"{'mails that staff must see to':<28}{doubtful} (the server died with the whole mail in its hand: decision 23)"
    )
    wanted = 2 * len(work.created) + len(work.approved) + len(work.rejected)
    compare("mails", min(len({message for _, message in mails}) + doubtful, wanted), wanted)
    print(f"{'mails that came twice':<28}{len(mails) - len(set(mails))} (with the same Message-ID)")
    compare("dead letters", len(stack.dead_letters()), 0)
    compare("left in outboxes, queues", stack.unpublished() + stack.undelivered(), 0)
    return wrong


def run(seconds: float, threads: int, seed: int, rest: float) -> list[str]:
    """Storm, calm, account."""
    stack, work = here(), Work()
    settle(stack)
    callers = [
        [Caller(stack, CITIES[number % 2], f"{role}@{CITIES[number % 2]}.example") for role in ROLES]
        for number in range(threads)
    ]
    until = time.monotonic() + seconds
    working = [threading.Thread(target=work.go_on, args=(editor, admin, until)) for editor, admin in callers]
    for thread in working:
        thread.start()
    done, back = blow(stack, until, rest, random.Random(seed))
    for thread in working:
        thread.join()
    calm = time.monotonic()
    settle(stack)
    print(
        f"python -m bench.storm --seconds {seconds:g} --threads {threads} --seed {seed} --rest {rest:g}   "
        f"({os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f})"
    )
    print(
        f"done         {dict(done)}\nready again  {percentiles(back)}\nquiet        {time.monotonic() - calm:.1f} s after the last call"
    )
    both = [caller for pair in callers for caller in pair]
    print(
        f"calls        {sum(len(caller.took) for caller in both)}, {percentiles([one for caller in both for one in caller.took])}"
    )
    print(f"refused      {dict(sum((caller.refused for caller in both), Counter()))}")
    wrong = account(stack, work)
    return [*wrong, *(problem for caller in both for problem in caller.problems)]


def main() -> None:
    """The storm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=540)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rest", type=float, default=4, help="seconds between two blows, on average")
    given = parser.parse_args()
    if wrong := run(given.seconds, given.threads, given.seed, given.rest):
        sys.exit(f"WRONG: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
