"""Somebody follows a build: server-sent events, what they hold and what they do not hold."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared import live
from shared.adapters import pubsub, redis
from shared.db.pg import pool
from shared.errors import Busy, Unavailable
from shared.kit.http import Lasting, Request
from shared.kit.settings import settings
from shared.kit.shares import Whose
from shared.runtime.server import Server
from tests.factory.test_web_build import prepare, trigger
from tests.gateway.conftest import running
from tests.gateway.support import eventually
from tests.support import City, function

pytestmark = pytest.mark.usefixtures("thirdparty")
EVENT = re.compile(r"id: (.*)\nevent: (.*)\ndata: (.*)\n\n")
STATES = ["queued", "validating", "assembling", "building", "signing", "uploading", "completed"]


@pytest.fixture
def build(city: City) -> str:
    """A build that waits."""
    prepare(city)
    build_id: str = trigger(city).body["buildId"]
    return build_id


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end only where something ends them."""
    monkeypatch.setattr(live, "LIFE", 3600.0)


def opened(city: City, build: str, last: str = "", role: str = "city_admin", method: str = "GET") -> Any:
    """The stream's parts; the whole answer where there is no stream."""
    headers = {"HTTP_LAST_EVENT_ID": last} if last else {}
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/api/builds/{build}/stream",
        "HTTP_AUTHORIZATION": f"Bearer {city.token(role)}",
        "HTTP_X_TENANT_ID": city.tenant.slug,
        "REMOTE_ADDR": "192.0.2.1",
    }
    response = function("stream-build")(Request(environ | headers))
    return response.body if isinstance(response.body, Lasting) else response


def events(parts: Iterator[bytes], count: int) -> list[tuple[str, str, Any]]:
    """The next events, signs of life left out."""
    found: list[tuple[str, str, Any]] = []
    while len(found) < count:
        found += [
            (number, name, json.loads(data)) for number, name, data in EVENT.findall(next(parts).decode())
        ]
    return found


def test_what_was_missed_comes_first_then_what_happens_each_once_and_in_order(
    city: City, build: str, patient: None
) -> None:
    stream = opened(city, build)
    assert [(number, name, data["status"]) for number, name, data in events(stream, 1)] == [
        ("1", "state", "queued")
    ]
    worked = threading.Thread(target=city.settle)
    worked.start()
    seen = events(stream, len(STATES) - 1)
    assert [number for number, _, _ in seen] == [str(n) for n in range(2, len(STATES) + 1)]
    assert [data["status"] for _, _, data in seen] == STATES[1:]
    assert [part for part in stream if part != live.ALIVE] == [live.AGAIN]
    stream.close()
    worked.join()

    again = opened(city, build, last="5")
    assert [number for number, _, _ in events(again, 2)] == ["6", "7"]
    again.close()
    assert opened(city, build, last="7").status == 204  # an EventSource comes no more


@pytest.mark.parametrize("last", ["2", "99", "x", "-1", "²", "1" * 5000])
def test_an_id_that_is_none_of_ours_makes_the_client_read_anew(
    city: City, build: str, patient: None, last: str
) -> None:
    stream = opened(city, build, last=last)
    assert events(stream, 1) == [("1", "resync", {})]
    stream.close()


def test_nothing_of_postgres_is_held_while_it_waits(city: City, build: str, patient: None) -> None:
    streams = [opened(city, build) for _ in range(live.OF_A_PERSON)]
    for stream in streams:
        events(stream, 1)
    shares = pool(settings().postgres_database_prefix + "factory").shares
    assert (shares.free, shares.held) == (settings().postgres_pool_size, {})
    for stream in streams:
        stream.close()


def test_a_stream_ends_by_itself_and_says_when_to_come_again(
    city: City, build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LIFE", 0.1)
    monkeypatch.setattr(live, "PULSE", 0.02)
    parts = list(opened(city, build))
    assert parts[-1] == b"retry: 500\n\n"
    assert parts.count(b":\n\n") > 2


def test_where_redis_tells_nothing_it_looks_by_itself(
    city: City, build: str, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PULSE", 0.02)
    monkeypatch.setattr(redis, "SECONDS", 0.01)

    def away(self: pubsub.Subscriptions) -> None:
        raise ConnectionError

    monkeypatch.setattr(pubsub.Subscriptions, "connect", away)
    monkeypatch.setattr(pubsub, "subscriptions", pubsub.Subscriptions)
    stream = opened(city, build)
    events(stream, 1)
    city.settle()
    assert [data["status"] for _, _, data in events(stream, 6)] == STATES[1:]


def test_what_was_said_while_redis_was_away_is_seen_when_it_is_back(
    city: City, build: str, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = pubsub.Subscriptions()
    monkeypatch.setattr(pubsub, "AGAIN", 0.01)
    monkeypatch.setattr(pubsub, "subscriptions", lambda: own)
    monkeypatch.setattr(live, "PULSE", 3600.0)
    stream = opened(city, build)
    events(stream, 1)
    for client in redis.command("CLIENT", "LIST", "TYPE", "pubsub").decode().split():
        if client.startswith("id="):
            redis.command("CLIENT", "KILL", "ID", client.removeprefix("id="))
    city.settle()
    assert [data["status"] for _, _, data in events(stream, 6)] == STATES[1:]
    stream.close()
    assert not own.followers


def test_where_postgres_is_away_the_client_is_asked_to_come_later(
    city: City, build: str, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = opened(city, build)
    events(stream, 1)

    def away(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(live.Events, "look", away)
    city.settle()
    assert [part for part in stream if part != live.ALIVE] == [live.LATER]


def test_a_person_has_few_streams_at_once_and_a_city_never_all(city: City, build: str, patient: None) -> None:
    mine = [opened(city, build) for _ in range(live.OF_A_PERSON)]
    assert opened(city, build).status == 503
    others = opened(city, build, role="super_city_admin")
    mine.pop().close()
    mine.append(opened(city, build))
    assert isinstance(mine[-1], Lasting)
    for stream in [*mine, others]:
        stream.close()
    seats = live.Seats(8)
    for person in range(4):
        seats.take(Whose("heidelberg", str(person)))
    with pytest.raises(Busy):
        seats.take(Whose("heidelberg", "another"))
    seats.take(Whose("ladenburg", "somebody"))


def test_a_stream_that_nobody_reads_gives_its_seat_back(city: City, build: str, patient: None) -> None:
    for _ in range(2 * live.OF_A_PERSON):
        assert isinstance(opened(city, build), Lasting)


def test_only_those_of_the_city_follow_and_asking_for_the_head_opens_nothing(
    city: City, other_city: City, build: str
) -> None:
    foreign = opened(other_city, build)
    assert (foreign.status, b"BUILD_NOT_FOUND" in foreign.body) == (404, True)
    head = opened(city, build, method="HEAD")
    assert (head.status, head.content_type, head.body) == (200, "text/event-stream", b"")


def test_streams_leave_the_gateways_threads_to_everybody_else(
    city: City, build: str, patient: None, tmp_path: Path
) -> None:
    people = [city.token(role) for role in ("city_admin", "super_city_admin")]
    with running(tmp_path, gateway_threads=2) as gateway:
        waiting = []
        for token in people * live.OF_A_PERSON:
            headers = {"Authorization": f"Bearer {token}", "X-Tenant-ID": city.tenant.slug}
            request = gateway.build_request("GET", f"/api/builds/{build}/stream", headers=headers)
            waiting.append(gateway.send(request, stream=True))
        lines = [each.iter_lines() for each in waiting]
        for each in lines:
            assert next(line for line in each if line.startswith("id:")) == "id: 1"
        one = waiting[0]
        assert (one.status_code, one.headers["content-type"]) == (200, "text/event-stream")
        assert (one.headers["cache-control"], one.headers["x-accel-buffering"]) == (
            "no-store, no-transform",
            "no",
        )
        assert gateway.get(f"/api/builds/{build}", headers=headers).status_code == 200
        seats = live.seats_of("stream-build", 64)
        assert sum(seats.people.values()) == len(waiting)
        for stream in waiting:
            stream.close()
        eventually(lambda: not seats.people)  # who has gone is noticed, although nothing happens


def test_a_server_that_ends_ends_its_streams(city: City, build: str, patient: None) -> None:
    server = Server(function("stream-build"), "127.0.0.1", 0, 1)
    server.start()
    headers = {"Authorization": f"Bearer {city.token('city_admin')}", "X-Tenant-ID": city.tenant.slug}
    with httpx.stream(
        "GET", f"http://127.0.0.1:{server.port}/api/builds/{build}/stream", headers=headers, timeout=30
    ) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("id:")) == "id: 1"
        leaving = threading.Thread(target=server.take_leave)
        leaving.start()
        assert [line for line in lines if line.startswith("retry")] == ["retry: 500"]
        leaving.join()
    assert server.stop()
