"""What the broker holds, on the terminal: recent events, dead letters, and sending them again."""

import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tooling.cli.table import print_table
from tooling.problem import Problem

TIMEOUT = 30.0
PREFIX = "app.heidi."


def print_events(limit: int) -> None:
    """The newest events, newest first, each with the functions that hear it and how that went."""
    events = ask("/events?" + urlencode({"limit": limit}))["events"]
    print_table(
        ("received", "event", "tenant", "delivered to"),
        [
            (
                moment(row["received_at"]),
                row["event"]["type"].removeprefix(PREFIX),
                row["event"].get("tenantid", ""),
                ", ".join(map(delivery, row["deliveries"])) or "nobody",
            )
            for row in events
        ],
    )


def print_dead(limit: int) -> None:
    """Dead letters, newest first, with the number that `replay` takes."""
    letters = ask("/dead?" + urlencode({"limit": limit}))["dead"]
    if not letters:
        print("There are no dead letters.")
        return
    print_table(
        ("number", "died", "event", "function", "attempts", "answer", "reason"),
        [
            (
                str(row["id"]),
                moment(row["died_at"]),
                row["event"]["type"].removeprefix(PREFIX),
                row["trigger"],
                str(row["attempts"]),
                str(row["code"] or ""),
                row["reason"] or "",
            )
            for row in letters
        ],
    )


def replay(numbers: Sequence[str] | None) -> None:
    """Deliver these again, or with None all."""
    if wrong := [number for number in numbers or () if not (number.isascii() and number.isdigit())]:
        raise Problem(f"{wrong[0]} is not the number of a dead letter: ./heidi events dead shows them.")
    ids: str | list[int] = "all" if numbers is None else [int(number) for number in numbers]
    print(f"{ask('/dead/replay', {'ids': ids})['replayed']} to be delivered again.")


def delivery(row: dict[str, Any]) -> str:
    """`notify-approval`, or `notify-approval (retrying, 503)` when all is not well."""
    if row["state"] == "delivered":
        return str(row["trigger"])
    return f"{row['trigger']} ({', '.join(str(part) for part in (row['state'], row['code']) if part)})"


def moment(text: str) -> str:
    """To the second, in the broker's time (UTC)."""
    return text[:19].replace("T", " ")


def ask(address: str, body: object = None) -> Any:
    """One question to the broker; a Problem when it is not there or refuses."""
    base = os.environ.get("BROKER_URL") or os.environ.get("K_SINK") or "http://127.0.0.1:8081"
    headers = {
        "Authorization": f"Bearer {os.environ.get('BROKER_TOKEN', '')}",
        "Content-Type": "application/json",
    }
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(base.rstrip("/") + address, data, headers), timeout=TIMEOUT) as answer:  # noqa: S310 (our own address)
            return json.load(answer)
    except HTTPError as error:
        raise Problem(
            f"The broker at {base} refuses: {error.read().decode(errors='replace')[:300]}"
        ) from None
    except (URLError, OSError, ValueError) as error:
        raise Problem(
            f"The broker does not answer at {base} ({error}): ./heidi status shows what runs."
        ) from None
