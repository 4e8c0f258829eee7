"""Every stand-in has the same door, through which what can go wrong goes wrong."""

import smtplib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from tests.adapters.running import ThirdParties
from tests.chatbot.support import serving
from tests.gateway.support import eventually
from tooling.thirdparty import openai, pinecone
from tooling.thirdparty.faults import KINDS

LOST = (httpx.RemoteProtocolError, httpx.ReadError)
SERVERS = ("object store", "push", "push over HTTP/2", "openai", "pinecone")


@dataclass
class StandIn:
    """A server, and a request to which it has an answer of its own."""

    client: httpx.Client
    ask: Callable[..., httpx.Response]
    reads: bool = True

    def fails(self, kind: str, **more: Any) -> None:
        assert self.client.post("/_faults", json={"kind": kind} | more).status_code == 200

    def last(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/_last").json()["items"]
        return found


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, thirdparty: ThirdParties) -> Iterator[StandIn]:
    with ExitStack() as running:
        name = request.param
        if name == "openai":
            address, path = running.enter_context(serving(openai.application("key"))), "/v1/embeddings"
        elif name == "pinecone":
            address, path = running.enter_context(serving(pinecone.application("key"))), "/query"
        else:
            address = thirdparty.url("object_store" if name == "object store" else "push")
            path = "/no-bucket" if name == "object store" else "/token"
        is_h2 = name.endswith("HTTP/2")
        client = running.enter_context(
            httpx.Client(base_url=address, timeout=30, http1=not is_h2, http2=is_h2)
        )
        yield StandIn(client, partial(client.post, path, content=b"sent=this"), name != "object store")
        client.delete("/_faults")


def test_nothing_goes_wrong_until_somebody_says_so_and_then_as_often_as_they_say(server: StandIn) -> None:
    right = server.ask()
    assert 400 <= right.status_code < 500  # in the server's own words
    assert right.content
    server.fails("status", times=2, status=429, retryAfter=7)
    for _ in range(2):
        wrong = server.ask()
        assert (wrong.status_code, wrong.headers["retry-after"]) == (429, "7")
    assert server.ask().status_code == right.status_code


def test_what_was_sent_can_be_looked_at(server: StandIn) -> None:
    mark = uuid.uuid4().hex
    server.fails("empty_ok")
    server.ask(headers={"X-Mark": mark})
    seen = server.last()[0]
    assert seen["method"] == "POST"
    assert {name.lower(): value for name, value in seen["headers"].items()}["x-mark"] == mark
    assert seen["body"] == ("sent=this" if server.reads else None)


def test_it_closes_the_connection_before_or_in_the_middle_of_the_answer(server: StandIn) -> None:
    for kind in ("refuse", "truncate"):
        server.fails(kind)
        with pytest.raises(LOST):
            server.ask()
    assert server.ask().content


def test_it_answers_what_nobody_can_use(server: StandIn) -> None:
    for kind, expected in (("garbage", b'\x00\xff{"<'), ("empty_ok", b"")):
        server.fails(kind)
        got = server.ask()
        assert (got.status_code, got.content) == (200, expected)
    server.fails("wrong_type")
    assert server.ask().headers["content-type"].startswith("text/html")
    server.fails("slow", seconds=0.01)
    assert 400 <= server.ask().status_code < 500  # late, and right


def test_it_says_nothing_until_the_client_goes(server: StandIn) -> None:
    server.fails("hang")
    with pytest.raises(httpx.ReadTimeout):
        server.ask(timeout=0.2)


def test_a_fault_that_is_none_and_a_host_that_is_not_ours_are_refused(server: StandIn) -> None:
    assert server.client.post("/_faults", json={"kind": "earthquake"}).status_code == 422
    foreign = server.client.post("/_faults", json={"kind": "hang"}, headers={"Host": "evil.example"})
    assert foreign.status_code == 421
    assert server.ask().status_code >= 400


def deliver(thirdparty: ThirdParties, mark: str) -> None:
    with smtplib.SMTP("127.0.0.1", thirdparty.config.smtp_port, timeout=30) as client:
        client.sendmail("city@example.org", [f"{mark}@example.org"], f"Subject: {mark}\r\n\r\ntext")


@pytest.mark.parametrize(
    ("fault", "raised", "kept"),
    [
        ({"kind": "status", "status": 451}, smtplib.SMTPDataError, 0),
        ({"kind": "refuse"}, smtplib.SMTPServerDisconnected, 0),
        ({"kind": "truncate"}, smtplib.SMTPServerDisconnected, 1),  # taken, and its sender does not know
        ({"kind": "wrong_type"}, smtplib.SMTPDataError, 0),
        ({"kind": "duplicate"}, None, 2),
        ({"kind": "empty_ok"}, None, 0),
        ({"kind": "slow", "seconds": 0.01}, None, 1),
    ],
)
def test_the_mail_servers_door_is_at_the_inbox(
    thirdparty: ThirdParties, fault: dict[str, Any], raised: type[Exception] | None, kept: int
) -> None:
    mark = uuid.uuid4().hex
    with httpx.Client(base_url=thirdparty.url("inbox")) as door:
        assert door.post("/_faults", json=fault).status_code == 200
        if raised:
            with pytest.raises(raised):
                deliver(thirdparty, mark)
        else:
            deliver(thirdparty, mark)
        assert mark in door.get("/_last").json()["items"][0]["body"]
        found = door.get("/api/messages", params={"to": f"{mark}@example.org"}).json()
    assert len(found) == kept


def test_what_is_reordered_is_done_after_the_next_one(thirdparty: ThirdParties) -> None:
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    with httpx.Client(base_url=thirdparty.url("inbox")) as door:
        door.post("/_faults", json={"kind": "reorder"})
        held = threading.Thread(target=deliver, args=(thirdparty, first))
        held.start()
        eventually(lambda: first in door.get("/_last").json()["items"][0]["body"])
        deliver(thirdparty, second)
        held.join()
        newest = door.get("/api/messages").json()[:2]
    assert [each["subject"] for each in newest] == [first, second]


def test_every_kind_is_told_of_where_the_door_is(thirdparty: ThirdParties) -> None:
    from tooling.thirdparty import faults

    assert [kind for kind in KINDS if f"`{kind}`" not in (faults.__doc__ or "")] == []
