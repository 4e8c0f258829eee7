"""Calls a function through the running gateway, as `faas-cli invoke` does."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from shared.kit.record import PLACEHOLDER, Record, camel
from tooling.command_failed import CommandFailed
from tooling.stack.ports import port

TIMEOUT = 120.0
PLATFORM = "platform"
CITIES = Path(__file__).parent / "seed" / "data"  # a file for each city of the demonstration


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


def invoke(
    name: str,
    data: bytes | str = b"",
    query: Iterable[str] = (),
    user: str | None = None,
    tenant: str | None = None,
    *,
    method: str = "",
    path: str = "",
    token: str = "",
    headers: Mapping[str, str] | None = None,
) -> int:
    """Print the answer's body, and on standard error its status when it is no success; 0 for a success, else
    1.

    `query` holds NAME=VALUE, `path` what follows the function's name, `user` an address of the demonstration
    (or its role).
    """
    body = data.encode() if isinstance(data, str) else data
    sent = {"Content-Type": "application/json" if looks_like_json(body) else "text/plain"} | dict(
        headers or {}
    )
    if tenant:
        sent["X-Tenant-ID"] = tenant
    if token or user:
        sent["Authorization"] = f"Bearer {token or log_in(user or '', tenant)}"
    where, by = place(name, path) if path else ("", "POST")
    if path and by != "GET" and asks_for_a_version(name):
        sent.setdefault("If-Match", "*")  # whichever version is there
    answer = call(f"/function/{name}{where}{question(query)}", method or by, body, sent)
    refuse_unknown(name, answer)
    print_answer(answer)
    return 0 if answer.status < 400 else 1


def asks_for_a_version(name: str) -> bool:
    """Whether a function changes nothing without an If-Match."""
    from tooling.registry import records

    record = records().get(name.partition(".")[0].replace("_", "-"))
    return bool(record and record.versioned)


def place(name: str, path: str) -> tuple[str, str]:
    """What follows a function's name, and the method: a public address has its own."""
    from tooling.registry import records  # imports all functions: only for who names a path

    record = records().get(name.partition(".")[0].replace("_", "-"))
    where = address(record, path)
    return where, record.method if record and fits(record.path, where) else "POST"


def address(record: Record | None, path: str) -> str:
    """The public address that was given, or whose only placeholder it is; a CommandFailed that shows it where
    it is neither.
    """
    if record is None or "{" not in record.path or fits(record.path, path):
        return "/" + path.lstrip("/")
    if record.path.count("{") == 1 and "/" not in path:
        return PLACEHOLDER.sub(lambda _: quote(path, safe=""), record.path)
    raise CommandFailed(f"{path} is no address of {record.name}: --path {shown(record.path)}")


def fits(pattern: str, path: str) -> bool:
    """Whether a path is what the pattern stands for."""
    parts, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    return len(parts) == len(given) and all(
        "{" in part or part == other for part, other in zip(parts, given, strict=True)
    )


def shown(pattern: str) -> str:
    """`/api/listings/<listingId>`, as people write it."""
    return PLACEHOLDER.sub(lambda found: f"<{camel(found[1])}>", pattern)


def call(address: str, method: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One request to the gateway; a CommandFailed when nobody is there."""
    url = gateway() + address
    try:
        with urlopen(Request(url, body or None, dict(headers), method=method), timeout=TIMEOUT) as found:  # noqa: S310 (the address that was typed)
            return Answer(found.status, found.read())
    except HTTPError as error:
        return Answer(error.code, error.read())
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise CommandFailed(
            f"The gateway does not answer at {gateway()} ({reason}): ./heidi up starts it."
        ) from None


def gateway() -> str:
    """Where the gateway is."""
    return os.environ.get("GATEWAY_URL", "").rstrip("/") or f"http://127.0.0.1:{port('GATEWAY_PORT')}"


def question(query: Iterable[str]) -> str:
    """The query string of NAME=VALUE pairs; a CommandFailed where there is no =."""
    pairs = [pair.partition("=") for pair in query]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise CommandFailed(f"{wrong[0]} is not of the form NAME=VALUE.")
    return "?" + urlencode([(name, value) for name, _, value in pairs]) if pairs else ""


def log_in(user: str, tenant: str | None) -> str:
    """An access token of one of the demonstration's people, by address or by role: `editor`."""
    from tooling.seed.accounts import DEMO_PASSWORD

    email, home = person(user, tenant)
    sent = {"Content-Type": "application/json", "X-Tenant-ID": home}
    answer = call(
        "/function/login", "POST", json.dumps({"email": email, "password": DEMO_PASSWORD}).encode(), sent
    )
    if answer.status != 200:
        raise CommandFailed(f"{email} cannot log in in {home}: {message_of(answer)}")
    found: dict[str, str] = json.loads(answer.body)
    if "challenge" in found:
        raise CommandFailed(
            f"{email} has a second factor: the password of the demonstration alone lets nobody in."
        )
    return found["accessToken"]


def person(user: str, tenant: str | None) -> tuple[str, str]:
    """Address and home of one of the demonstration's people; a CommandFailed where a role alone does not say in
    which city.

    Super admins are at home on the platform, wherever they act.
    """
    role = user.replace("_", "-")
    if role == "super-admin":
        return f"{role}@{PLATFORM}.example", PLATFORM
    if "@" in user:
        return user, tenant if tenant and not user.startswith("super-admin@") else user.partition("@")[
            2
        ].removesuffix(".example")
    if not tenant:
        cities = sorted(path.stem for path in CITIES.glob("*.json"))
        if len(cities) != 1:
            raise CommandFailed(
                f"Say of which city, {' or '.join(cities)}: --as {user} --tenant {cities[0]}, "
                f"or --as {role}@{cities[0]}.example."
            )
        tenant = cities[0]
    return f"{role}@{tenant}.example", tenant


def message_of(answer: Answer) -> str:
    """The sentence of an error's body; the body itself where it is none of ours."""
    try:
        return str(json.loads(answer.body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.body.decode(errors="replace")


def refuse_unknown(name: str, answer: Answer) -> None:
    """A CommandFailed that names what may have been meant, when the gateway has no function of this name."""
    if answer.status == 404 and b'"FUNCTION_NOT_FOUND"' in answer.body:
        from tooling.catalogue import find

        find(name)


def looks_like_json(body: bytes) -> bool:
    """Functions take JSON; anything else is sent as text."""
    try:
        json.loads(body or b"{}")
    except ValueError:
        return False
    return True


def print_answer(answer: Answer) -> None:
    """JSON for people on a terminal, untouched bytes for a pipe."""
    if answer.status >= 400:
        print(answer.status, file=sys.stderr)
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(answer.body)
        return
    try:
        print(json.dumps(json.loads(answer.body), indent=2, ensure_ascii=False))
    except ValueError:
        print(answer.body.decode(errors="replace"))
