"""Calls a function through the running gateway, as `faas-cli invoke` does."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tooling.problem import Problem
from tooling.stack.ports import port

TIMEOUT = 120.0


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
    method: str = "POST",
    path: str = "",
    token: str = "",
    headers: Mapping[str, str] | None = None,
) -> int:
    """Print the answer's body, and on standard error its status when it is no success; 0 for a success, else 1.

    `query` holds NAME=VALUE, `path` what follows the function's name, `user` an address of the demonstration (or its role).
    """
    body = data.encode() if isinstance(data, str) else data
    sent = {"Content-Type": "application/json" if looks_like_json(body) else "text/plain"} | dict(
        headers or {}
    )
    if tenant:
        sent["X-Tenant-ID"] = tenant
    if token or user:
        sent["Authorization"] = f"Bearer {token or log_in(user or '', tenant)}"
    answer = call(f"/function/{name}{path and '/' + path.lstrip('/')}{question(query)}", method, body, sent)
    print_answer(answer)
    return 0 if answer.status < 400 else 1


def call(address: str, method: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One request to the gateway; a Problem when nobody is there."""
    url = gateway() + address
    try:
        with urlopen(Request(url, body or None, dict(headers), method=method), timeout=TIMEOUT) as found:  # noqa: S310
            return Answer(found.status, found.read())
    except HTTPError as error:
        return Answer(error.code, error.read())
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        raise Problem(
            f"The gateway does not answer at {gateway()} ({reason}): ./heidi up starts it."
        ) from None


def gateway() -> str:
    """Where the gateway is."""
    return os.environ.get("GATEWAY_URL", "").rstrip("/") or f"http://127.0.0.1:{port('GATEWAY_PORT')}"


def question(query: Iterable[str]) -> str:
    """The query string of NAME=VALUE pairs; a Problem where there is no =."""
    pairs = [pair.partition("=") for pair in query]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise Problem(f"{wrong[0]} is not of the form NAME=VALUE.")
    return "?" + urlencode([(name, value) for name, _, value in pairs]) if pairs else ""


def log_in(user: str, tenant: str | None) -> str:
    """An access token of one of the demonstration's people, by address or by role: `editor`."""
    from tooling.seed.accounts import DEMO_PASSWORD

    email = user if "@" in user else f"{user.replace('_', '-')}@{tenant}.example"
    sent = {"Content-Type": "application/json"} | ({"X-Tenant-ID": tenant} if tenant else {})
    answer = call(
        "/function/login", "POST", json.dumps({"email": email, "password": DEMO_PASSWORD}).encode(), sent
    )
    if answer.status != 200:
        raise Problem(f"{email} cannot log in: {answer.body.decode(errors='replace')}")
    found: dict[str, str] = json.loads(answer.body)
    if "challenge" in found:
        raise Problem(f"{email} has a second factor: the password of the demonstration alone lets nobody in.")
    return found["accessToken"]


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
