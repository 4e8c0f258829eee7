"""Recent events as the broker has them, dead letters as the platform keeps them, and sending them again, on
the terminal.
"""

import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import UUID

from tooling.cli.table import print_json, print_table
from tooling.command_failed import CommandFailed
from tooling.stack.lines import Cities

TIMEOUT = 30.0
PREFIX = "app.heidi."


def print_events(limit: int, *, as_json: bool = False) -> None:
    """The newest events, newest first, each with its city, the functions that hear it and how that went."""
    cities = Cities.here()
    events = ask("/events?" + urlencode({"limit": limit}))["events"]
    if as_json:
        print_json(events)
        return
    print_table(
        ("received", "event", "city", "delivered to"),
        [
            (
                moment(row["received_at"]),
                row["event"]["type"].removeprefix(PREFIX),
                cities.slug(row["event"].get("tenantid", "")),
                ", ".join(map(delivery, row["deliveries"])) or "nobody",
            )
            for row in events
        ],
    )


def print_dead(limit: int, *, as_json: bool = False) -> None:
    """Dead letters that wait, newest first, with the id that `replay` takes: as `GET
    /api/platform/dead-letters` shows them.
    """
    from tooling.letters import print_letters

    print_letters(page(limit)["items"], as_json=as_json)
    if not as_json and (held := ask("/dead?limit=500")["dead"]):
        print(
            f"{len(held)} more are still with the broker, which hands them over by itself: {held[0]['event']['type']} …"
        )


def replay(ids: Sequence[str] | None) -> None:
    """Deliver these again, or with None all; one line each that says how it went."""
    from functions.platform.dead_letters.delivery import send_again
    from functions.platform.dead_letters.replay_dead_letter import replay_dead_letter
    from shared.context import acting
    from shared.errors import Problem
    from shared.function import record_of
    from shared.tenancy.tenants import PLATFORM
    from tooling.letters import print_outcome

    for letter in map(as_id, ids) if ids is not None else everything():
        try:
            with acting(record_of(replay_dead_letter), PLATFORM) as ctx:
                print_outcome(str(letter), send_again(ctx, letter).model_dump())
        except Problem as refused:
            raise CommandFailed(f"{letter}: {refused.text('en')}") from None
    if ids is None and (again := ask("/dead/replay", {"ids": "all"})["replayed"]):
        print(f"{again} that were still with the broker are delivered again.")


def page(limit: int, cursor: str = "") -> dict[str, Any]:
    """Letters as the API lists them."""
    from functions.platform.dead_letters.list_dead_letters import list_dead_letters
    from functions.platform.dead_letters.queries import PAGE
    from shared.db import relay_role
    from shared.function import record_of
    from shared.kit.paging import decode

    time, last = decode(cursor) if cursor else (None, None)
    database = record_of(list_dead_letters).database
    [[text]] = relay_role.ask(database, PAGE, function=None, waiting=True, time=time, last=last, limit=limit)
    found: dict[str, Any] = json.loads(text)
    return found


def everything() -> list[UUID]:
    """All that wait, before the first is sent again."""
    found, cursor = [], ""
    while True:
        here = page(100, cursor)
        found += [UUID(row["id"]) for row in here["items"]]
        cursor = here["nextCursor"]
        if not cursor:
            return found


def as_id(text: str) -> UUID:
    """An id as `events dead` shows it."""
    try:
        return UUID(text)
    except ValueError:
        raise CommandFailed(
            f"{text} is not the id of a dead letter: ./heidi events dead shows them."
        ) from None


def delivery(row: dict[str, Any]) -> str:
    """`notify-approval`, or `notify-approval (retrying, 503)` when all is not well."""
    if row["state"] == "delivered":
        return str(row["trigger"])
    return f"{row['trigger']} ({', '.join(str(part) for part in (row['state'], row['code']) if part)})"


def moment(text: str) -> str:
    """To the second, in the broker's time (UTC)."""
    return text[:19].replace("T", " ")


def ask(address: str, body: object = None) -> Any:
    """One question to the broker; a CommandFailed when it is not there or refuses."""
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
        raise CommandFailed(
            f"The broker at {base} refuses: {error.read().decode(errors='replace')[:300]}"
        ) from None
    except (URLError, OSError, ValueError) as error:
        raise CommandFailed(
            f"The broker does not answer at {base} ({error}): ./heidi status shows what runs."
        ) from None
