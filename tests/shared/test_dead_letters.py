"""An event that its function does not take, where nobody else keeps dead letters: when it is given up, and
that it is then kept.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from uuid import uuid4

import pytest

from events.auth import UserCreated
from shared.adapters import redis
from shared.context import Context
from shared.errors import (
    Conflict,
    Invalid,
    Misconfigured,
    NotFound,
    Problem,
    RateLimited,
    Unavailable,
    UpstreamFailed,
)
from shared.kit.cloudevents import Envelope
from shared.kit.http import Request, Response
from shared.kit.settings import settings
from shared.runtime.pipeline import Function
from tests.platform.letters import listed
from tests.support import City, call
from tooling.registry import records

Deliver = Callable[..., Response]


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """What stands for the gateway on the way to keep-dead-letter: the statuses with which it will answer
    instead, first.
    """
    instead: list[int] = []

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.pop("content-length")))
            kept = (
                instead.pop()
                if instead
                else call(
                    "keep-dead-letter", path=self.path, method="POST", body=body, headers=headers
                ).status
            )
            self.send_response(kept)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(settings(), "gateway_url", f"http://127.0.0.1:{server.server_port}")
        yield instead
        server.shutdown()


@pytest.fixture
def deliver(city: City) -> Deliver:
    """Deliver one event, again and again, to a function that answers with a problem."""
    user = UserCreated(user_id=uuid4(), email="ayse@example.org", name="Ayşe", roles=["citizen"])
    event = Envelope(
        str(uuid4()), "/heidi/Straße", UserCreated.type(), datetime.now(UTC), city.id, "c-1", "", ""
    )
    body = user.model_dump_json(by_alias=True).encode()

    def bring(problem: Exception, **more: str) -> Response:
        real = records()["create-profile"]

        @wraps(real.handler)
        def broken(_: Context, event: UserCreated) -> None:
            raise problem

        headers = (
            event.headers()
            | {
                "authorization": f"Bearer {settings().broker_token.get_secret_value()}",
                "x-heidi-letters": "function",
            }
            | more
        )
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "CONTENT_TYPE": headers.pop("content-type"),
            "REMOTE_ADDR": "192.0.2.1",
            "wsgi.input": io.BytesIO(body),
        } | {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in headers.items()}
        return Function(replace(real, handler=broken))(Request(environ))

    return bring


def test_what_can_never_succeed_is_kept_at_once_with_the_event_and_the_answer(
    city: City, keeper: list[int], deliver: Deliver
) -> None:
    assert (deliver(Invalid()).status, keeper) == (204, [])
    [letter] = listed(city)
    assert (letter["function"], letter["status"], letter["source"]) == (
        "create-profile",
        422,
        "/heidi/Straße",
    )
    assert '"INVALID"' in letter["answer"]
    assert city.rows(
        "platform",
        "SELECT data::json ->> 'name' FROM dead_letters WHERE id = CAST(:id AS uuid)",
        id=letter["id"],
    ) == [["Ayşe"]]


@pytest.mark.parametrize("problem", [Problem(), NotFound(), Conflict(), RuntimeError("unforeseen")])
def test_what_fails_is_kept_after_four_attempts(
    city: City, keeper: list[int], deliver: Deliver, problem: Exception
) -> None:
    answers = [deliver(problem).status for _ in range(4)]
    assert answers == [getattr(problem, "status", 500)] * 3 + [204]
    assert [letter["status"] for letter in listed(city)] == [getattr(problem, "status", 500)]
    assert keeper == []


@pytest.mark.parametrize(
    "problem", [Unavailable(), UpstreamFailed(), RateLimited(retryAfter=2), Misconfigured()]
)
def test_what_waits_for_something_is_never_given_up_here(
    city: City, keeper: list[int], deliver: Deliver, problem: Problem
) -> None:
    assert {deliver(problem).status for _ in range(10)} == {problem.status}
    assert (listed(city), keeper) == ([], [])


@pytest.mark.parametrize("problem", [Unavailable(), Invalid(), Problem()])
def test_where_nobody_tries_again_every_failure_is_kept_at_once(
    city: City, keeper: list[int], deliver: Deliver, problem: Problem
) -> None:
    assert deliver(problem, **{"x-heidi-letters": "at-once"}).status == 204
    assert [letter["status"] for letter in listed(city)] == [problem.status]
    assert keeper == []


def test_bad_weather_does_not_use_up_the_attempts(city: City, keeper: list[int], deliver: Deliver) -> None:
    assert [
        deliver(each).status for each in (Problem(), Unavailable(), Unavailable(), Problem(), Problem())
    ] == [500, 503, 503, 500, 500]
    assert (listed(city), keeper) == ([], [])


@pytest.mark.parametrize("answer", [404, 500, 503])
def test_a_letter_that_is_not_kept_is_handed_in_again(
    city: City, keeper: list[int], deliver: Deliver, answer: int
) -> None:
    keeper.append(answer)
    refused = deliver(Invalid())
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert listed(city) == []
    assert deliver(Invalid()).status == 204
    assert len(listed(city)) == 1


def test_where_nobody_can_count_nothing_is_given_up(
    city: City, keeper: list[int], deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable(dependency="redis")

    monkeypatch.setattr(redis, "command", away)
    assert {deliver(Problem()).status for _ in range(5)} == {500}
    assert keeper == []


@pytest.mark.parametrize("headers", [{"x-heidi-letters": ""}, {"authorization": "Bearer nobody"}])
def test_whoever_keeps_letters_himself_or_is_a_stranger_gets_the_plain_answer(
    city: City, keeper: list[int], deliver: Deliver, headers: dict[str, str]
) -> None:
    assert deliver(Invalid(), **headers).status == (401 if "authorization" in headers else 422)
    assert (listed(city), keeper) == ([], [])
