"""A part of the stack is away for a while; what was wanted meanwhile must come by itself.

    python -m bench.outage [--part thirdparty] [--seconds 30] [--listings 30] [--patience 600]

On the stack that is up here. The part (thirdparty: mail, push and object store; broker; redis; postgres) is
killed and not started again for that long, while listings are written; then it is timed until each admin has
the mail about each listing. Exits 1 when one does not come within --patience seconds, or a dead letter is
left.
"""

import argparse
import os
import signal
import sys
import threading
import time
from uuid import uuid4

from bench.running import Caller, here, inbox, percentiles, settle
from tests.stack import RunningStack

CITY = "heidelberg"
ADMINS = 2  # who get a mail about each listing


def away(stack: RunningStack, part: str, seconds: float) -> None:
    """Kill it, and keep the supervisor from starting it again."""
    with stack.frozen("supervisor"):
        os.kill(stack.record(part).pid, signal.SIGKILL)
        time.sleep(seconds)
    stack.wait_ready(part)


def mails(stack: RunningStack, title: str) -> int:
    """How many different mails about these listings have come."""
    return len({mail["message_id"] for mail in inbox(stack, "messages") if title in mail["subject"]})


def run(part: str, seconds: float, listings: int, patience: float) -> bool:
    """Whether everything came."""
    stack, title = here(), f"Ausfall {uuid4().hex[:8]}"
    settle(stack)
    before = len(stack.dead_letters())
    editor = Caller(stack, CITY, f"editor@{CITY}.example", patience=seconds + patience)
    category = editor.call("GET", "/api/categories")["items"][0]["id"]
    outage = threading.Thread(target=away, args=(stack, part, seconds))
    outage.start()
    time.sleep(1)
    for _ in range(listings):
        editor.call(
            "POST",
            "/api/listings",
            uuid4().hex,
            json={"categoryId": category, "title": f"{title} {uuid4().hex}"},
        )
    outage.join()
    back, wanted = time.monotonic(), ADMINS * listings
    while (came := mails(stack, title)) < wanted and time.monotonic() - back < patience:
        time.sleep(1)
    took, dead = time.monotonic() - back, len(stack.dead_letters()) - before
    print(f"python -m bench.outage --part {part} --seconds {seconds:g} --listings {listings}")
    print(
        f"acknowledged  {listings} of {listings}, {percentiles(editor.took)}; refused meanwhile: {dict(editor.refused) or 'nothing'}"
    )
    print(f"mails         {came} of {wanted}, {took:.0f} s after the part was back\ndead letters  {dead}")
    return came == wanted and not dead and not editor.problems


def main() -> None:
    """The outage."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=("thirdparty", "broker", "redis", "postgres"), default="thirdparty")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--listings", type=int, default=30)
    parser.add_argument("--patience", type=float, default=600)
    given = parser.parse_args()
    sys.exit(not run(given.part, given.seconds, given.listings, given.patience))


if __name__ == "__main__":
    main()
