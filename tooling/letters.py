"""Dead letters of a platform elsewhere, on the terminal: by its functions, as a super admin (HEIDI_TOKEN)."""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from tooling.cli.table import print_json, print_table
from tooling.command_failed import CommandFailed
from tooling.events import PREFIX, moment

PATH = "/api/platform/dead-letters"
TIMEOUT = 60.0


def print_dead(base: str, limit: int, *, as_json: bool = False) -> None:
    """The newest letters that wait, each with the id that `replay` takes."""
    print_letters(letters(base, limit), as_json=as_json)


def print_letters(found: Sequence[dict[str, Any]], *, as_json: bool = False) -> None:
    """Letters as the API shows them."""
    if as_json:
        print_json(found)
        return
    if not found:
        print("There are no dead letters.")
        return
    print_table(
        ("id", "died", "event", "function", "status", "answer"),
        [
            (
                row["id"],
                moment(row["diedAt"]),
                row["type"].removeprefix(PREFIX),
                row["function"] or "?",
                str(row["status"] or ""),
                row["answer"][:60],
            )
            for row in found
        ],
    )


def replay(base: str, ids: Sequence[str] | None) -> None:
    """Send these again, or with None all that wait; one line each that says how it went."""
    for letter in ids if ids is not None else [row["id"] for row in everything(base)]:
        print_outcome(letter, ask(base, f"{PATH}/{quote(letter, safe='')}/replay", b""))


def print_outcome(letter: str, outcome: dict[str, Any]) -> None:
    """How sending one again went."""
    said = (
        "delivered"
        if outcome["delivered"]
        else f"still {outcome['status'] or 'no answer'}: {outcome['answer'][:60]}"
    )
    print(f"{letter}  {said}")


def everything(base: str) -> Iterator[dict[str, Any]]:
    """All letters that wait, page by page."""
    cursor = ""
    while True:
        page = ask(base, f"{PATH}?limit=100{cursor}")
        yield from page["items"]
        if not page["nextCursor"]:
            return
        cursor = f"&cursor={page['nextCursor']}"


def letters(base: str, limit: int) -> list[dict[str, Any]]:
    """The newest so many."""
    found: list[dict[str, Any]] = ask(base, f"{PATH}?limit={min(limit, 100)}")["items"]
    return found


def ask(base: str, path: str, data: bytes | None = None) -> Any:
    """One call; a CommandFailed with the platform's own words when it refuses."""
    token = os.environ.get("HEIDI_TOKEN", "")
    if not token:
        raise CommandFailed(
            "Set HEIDI_TOKEN to a super admin's access token: POST /api/auth/login gives one."
        )
    try:
        with urlopen(  # noqa: S310 (the address that was typed)
            Request(base.rstrip("/") + path, data, {"Authorization": f"Bearer {token}"}),  # noqa: S310 (the address that was typed)
            timeout=TIMEOUT,
        ) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise CommandFailed(f"{base} refuses ({error.code}): {refusal(error.read())}") from None
    except (URLError, OSError, ValueError) as error:
        raise CommandFailed(f"{base} does not answer ({error}).") from None


def refusal(body: bytes) -> str:
    """The message of an error, or what came instead."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")
