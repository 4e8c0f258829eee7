"""Calls a tick function with the broker's token: what a CronJob runs in a cluster.

    BROKER_TOKEN=… python -m shared.tick [--seconds 0,20,40] [--timeout 30] http://sweep-outbox.heidi.svc.cluster.local/
"""
import argparse
import os
import sys
import time
from datetime import UTC, datetime
from urllib.error import URLError
from urllib.request import Request, urlopen


def main() -> int:
    """Call once, or at these seconds of the current minute; 1 when the last call was not answered with a success."""
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("address")
    given.add_argument("--seconds", type=lambda text: [int(part) for part in text.split(",")], default=[])
    given.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for an answer")
    wanted = given.parse_args()
    minute = time.time() // 60 * 60
    done = True
    for moment in [minute + second for second in wanted.seconds] or [time.time()]:
        if moment >= time.time() - 1:
            time.sleep(max(0.0, moment - time.time()))
            done = call(wanted.address, moment, wanted.timeout)
    return 0 if done else 1


def call(address: str, moment: float, timeout: float) -> bool:
    """Whether the function answered with a success."""
    due = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    headers = {"Authorization": f"Bearer {os.environ['BROKER_TOKEN']}", "X-Heidi-Tick": due}
    try:
        with urlopen(Request(address, b"", headers), timeout=timeout):  # noqa: S310 (the address is in the manifest)
            return True
    except (URLError, TimeoutError) as error:
        print(f"{address} at {due}: {error}", file=sys.stderr)  # noqa: T201
        return False


if __name__ == "__main__":
    sys.exit(main())
