"""Calls that are answered later."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from shared.errors import RateLimited
from shared.kit.http import Request, Response
from tests.gateway.support import PASSWORD, Listener, Running, chunked, eventually
from tests.support import City
from tooling.gateway import tally
from tooling.gateway.async_queue import AsyncQueue

NAME = "list-listings"
ADMIN = ("admin", PASSWORD)


def test_the_answer_comes_to_the_callback(gateway: Running, city: City) -> None:
    with Listener.open() as listener:
        promised = gateway.post(
            f"/async-function/{NAME}.openfaas-fn",
            content=chunked(b'{"limit": 2}'),
            auth=ADMIN,
            headers={"X-Callback-Url": listener.url, "X-Tenant-ID": city.tenant.slug, "X-Call-Id": "later-1"},
        )
        assert (promised.status_code, promised.content, promised.headers["x-call-id"]) == (
            202,
            b"",
            "later-1",
        )
        eventually(lambda: listener.heard)
    headers, body = listener.heard[0]
    assert json.loads(body)["items"] == []
    assert (headers["x-call-id"], headers["x-function-name"], headers["x-function-status"]) == (
        "later-1",
        NAME,
        "200",
    )
    assert float(headers["x-duration-seconds"]) > 0
    eventually(lambda: not list((gateway.home / "gateway" / "later").iterdir()))


def test_a_refusal_comes_to_the_callback_too(gateway: Running) -> None:
    with Listener.open(status=500) as listener:
        gateway.post(f"/async-function/{NAME}", headers={"X-Callback-Url": listener.url}, auth=ADMIN)
        eventually(lambda: listener.heard)
    assert listener.heard[0][0]["x-function-status"] == "400"


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:1/", "http://[", "nonsense", "ftp://x/"]
)
def test_a_callback_that_nobody_takes_does_no_harm(gateway: Running, city: City, address: str) -> None:
    gateway.post(
        f"/async-function/{NAME}",
        headers={"X-Callback-Url": address, "X-Tenant-ID": city.tenant.slug},
        auth=ADMIN,
    )
    eventually(lambda: not list((gateway.home / "gateway" / "later").iterdir()))
    assert gateway.system("GET", f"function/{NAME}").json()["invocationCount"] == 1


def test_a_body_that_is_too_large_is_refused_at_once(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.kit.settings import settings

    monkeypatch.setattr(settings(), "max_upload_bytes", 10)
    assert gateway.post(f"/async-function/{NAME}", content=b"x" * 11).status_code == 413


def test_a_promise_survives_a_crash(tmp_path: Path) -> None:
    called: list[tuple[str, str, str, bytes]] = []

    def call(name: str, request: Request) -> Response:
        called.append((name, request.path, request.header("x-tenant-id"), request.body(100)))
        return Response(204)

    environ = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "a=1",
        "HTTP_X_TENANT_ID": "heidelberg",
        "wsgi.input": object(),
    }
    AsyncQueue(tmp_path, call).accept("send-push", Request(environ, "/rest"), b"\x00body")
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    revived = AsyncQueue(tmp_path, call)
    revived.start()
    eventually(lambda: not list(tmp_path.iterdir()))
    revived.close()
    assert called == [("send-push", "/rest", "heidelberg", b"\x00body")]


def test_a_promise_that_cannot_be_kept_is_put_aside_for_somebody_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    later = AsyncQueue(tmp_path, lambda *_: Response(204))
    later.start()
    eventually(lambda: [path.name for path in tmp_path.iterdir()] == ["1.failed"])
    later.close()


def test_only_the_platform_and_admin_say_where_an_answer_goes(gateway: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YWRtaW46eA=="}):
        refused = gateway.post(
            f"/async-function/{NAME}", headers={"X-Callback-Url": "http://127.0.0.1:1/"} | headers
        )
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert not list((gateway.home / "gateway" / "later").iterdir())


def test_an_answer_goes_to_no_address_inside(gateway: Running) -> None:
    gateway.made.async_queue.private_hosts = ()
    with Listener.open() as listener:
        gateway.post(f"/async-function/{NAME}", headers={"X-Callback-Url": listener.url}, auth=ADMIN)
        eventually(lambda: not list((gateway.home / "gateway" / "later").iterdir()))
    assert listener.heard == []


def test_an_answer_goes_nowhere_else_than_where_it_was_to_go(gateway: Running) -> None:
    with Listener.open() as elsewhere, Listener.open(302, {"Location": elsewhere.url}) as listener:
        gateway.post(f"/async-function/{NAME}", headers={"X-Callback-Url": listener.url}, auth=ADMIN)
        eventually(lambda: not list((gateway.home / "gateway" / "later").iterdir()))
    assert (len(listener.heard), elsewhere.heard) == (1, [])


def test_more_than_can_wait_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = AsyncQueue(tmp_path, lambda *_: Response(204))
    request = Request({"REQUEST_METHOD": "POST"}, "/")
    monkeypatch.setattr(tally, "MOST_BYTES", 2000)
    later.accept(NAME, request, b"x" * 1000)
    with pytest.raises(RateLimited):
        later.accept(NAME, request, b"x" * 1000)
    monkeypatch.setattr(tally, "MOST", 1)
    with pytest.raises(RateLimited):
        later.accept(NAME, request, b"")


def test_what_waits_is_bounded_also_when_many_come_at_once_to_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_BYTES", 3_000_000)
    # like processes, they share nothing but the folder
    several = [AsyncQueue(tmp_path, lambda *_: Response(204)) for _ in range(4)]
    together = Barrier(24)

    def come(number: int) -> bool:
        together.wait()
        with suppress(RateLimited):
            several[number % 4].accept(NAME, Request({"REQUEST_METHOD": "POST"}, "/"), b"x" * 500_000)
            return True
        return False

    with ThreadPoolExecutor(24) as pool:
        accepted = sum(pool.map(come, range(24)))
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == accepted == 4  # 500 kB are 667 kB as they are kept
    assert sum(sizes) <= 3_000_000


def test_two_processes_make_a_call_once(tmp_path: Path) -> None:
    called: list[str] = []
    first = AsyncQueue(tmp_path, lambda name, _: called.append(name) or Response(204))
    first.accept(NAME, Request({"REQUEST_METHOD": "POST"}, "/"), b"")
    second = AsyncQueue(tmp_path, first.call)
    first.start()
    second.start()
    eventually(lambda: not list(tmp_path.iterdir()) and second.waiting.empty())
    first.close()
    second.close()
    assert called == [NAME]


def test_a_call_that_failed_is_kept_for_a_week_and_without_its_token(tmp_path: Path) -> None:
    def fail(*_: object) -> Response:
        raise RuntimeError

    later = AsyncQueue(tmp_path, fail)
    later.accept(NAME, Request({"REQUEST_METHOD": "POST", "HTTP_AUTHORIZATION": "Bearer secret"}, "/"), b"")
    later.start()
    [failed] = eventually(lambda: list(tmp_path.glob("*.failed")))
    later.close()
    assert "secret" not in failed.read_text()
    os.utime(failed, (0, 0))
    AsyncQueue(tmp_path, fail)
    assert not failed.exists()


def test_a_stranger_who_sends_all_that_is_taken_leaves_room_for_everybody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST", 8)
    processes = [AsyncQueue(tmp_path, lambda *_: Response(204)) for _ in range(2)]
    request = Request({"REQUEST_METHOD": "POST"}, "/")

    def accepted(address: str) -> int:
        for number in range(10):
            try:
                processes[number % 2].accept(NAME, request, b"", address)
            except RateLimited:
                return number
        return 10

    assert [
        accepted(address) for address in ("198.51.100.7", "198.51.100.7", "198.51.100.8", "198.51.100.9", "")
    ] == [4, 0, 2, 1, 1]


def test_what_one_address_sends_is_bounded_in_bytes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_BYTES", 3_000_000)
    later, request = AsyncQueue(tmp_path, lambda *_: Response(204)), Request({"REQUEST_METHOD": "POST"}, "/")
    later.accept(NAME, request, b"x" * 1_300_000, "198.51.100.7")  # 1.7 MB as they are kept
    with pytest.raises(RateLimited):
        later.accept(NAME, request, b"x" * 100_000, "198.51.100.7")
    later.accept(NAME, request, b"x" * 600_000, "198.51.100.8")


def test_calls_are_counted_once_and_not_again_for_each_that_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = AsyncQueue(tmp_path, lambda *_: Response(204))
    monkeypatch.setattr(Path, "glob", lambda *_: pytest.fail("somebody looks through all that wait"))
    later.accept(NAME, Request({"REQUEST_METHOD": "POST"}, "/"), b"", "198.51.100.7")


@pytest.mark.parametrize("left", ["", "{", '{"": [7, 7000]}'])
def test_what_a_killed_process_left_of_the_count_is_counted_anew(tmp_path: Path, left: str) -> None:
    first = AsyncQueue(tmp_path, lambda *_: Response(204))
    first.accept(NAME, Request({"REQUEST_METHOD": "POST"}, "/"), b"", "198.51.100.7")
    first.tally.file.write_text(left)
    second = AsyncQueue(tmp_path, lambda *_: Response(204))
    with second.tally.open() as held:
        assert [calls for calls, _ in held.values()] == [1]
    second.start()
    eventually(lambda: not list(tmp_path.iterdir()))
    second.close()
    with second.tally.open() as held:
        assert held == {}


def test_a_strangers_share_is_counted_for_the_address_that_called_and_the_platforms_for_nobody(
    gateway: Running,
) -> None:
    gateway.made.async_queue.call = lambda *_: Response(204)
    taken: list[str] = []
    gateway.made.async_queue.accept = lambda *how: taken.append(how[3])  # type: ignore[method-assign]  # a stand-in
    gateway.post(f"/async-function/{NAME}")
    gateway.post(f"/async-function/{NAME}", auth=ADMIN)
    assert taken == ["127.0.0.1", ""]
