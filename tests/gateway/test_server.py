"""The server under clients that send slowly, too much or nothing at all."""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest

from shared.kit.http import Request, Response
from shared.runtime import exchange, request_body, server
from shared.runtime.request_body import Room
from shared.runtime.server import Server
from tests.gateway.support import Running, answers, eventually, process
from tests.support import City
from tooling.stack.home import ROOT
from tooling.stack.ports import free_port

HALF = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"


@contextmanager
def serving(handle: Callable[[Request], Response], threads: int = 2, limit: int = 1000) -> Iterator[Server]:
    """A server on a port of its own."""
    made = Server(handle, "127.0.0.1", 0, threads, lambda _: limit)
    made.start()
    try:
        yield made
    finally:
        assert made.stop()


@contextmanager
def connections(
    port: int, count: int, sent: bytes = b"", whence: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """Connections on which so much was said."""
    with ExitStack() as opened:
        made = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), 30, (whence, 0)))
            for _ in range(count)
        ]
        for each in made:
            each.sendall(sent)
        yield made


def echo(request: Request) -> Response:
    """Says how long the body was."""
    return Response(200, str(len(request.body(1000))).encode(), "text/plain")


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = list(iter(lambda: connection.recv(65536), b""))
    return b"".join(parts)


def test_bodies_that_do_not_come_leave_the_gateway_to_everybody_else(gateway: Running, city: City) -> None:
    with connections(gateway.port, 200, HALF):
        assert gateway.get("/healthz").status_code == 200
        assert gateway.get("/api/listings", headers={"X-Tenant-ID": city.tenant.slug}).status_code == 200
        assert gateway.post("/api/auth/login", json={}).status_code == 422


def test_bodies_that_do_not_come_leave_a_single_functions_server_to_everybody_else() -> None:
    port = free_port()
    with process(
        "shared.runtime.server", FUNCTION_TARGET="login", HOST="127.0.0.1", PORT=str(port), WORKER_THREADS="9"
    ) as started:
        answers(f"http://127.0.0.1:{port}/healthz", started)
        with connections(port, 200, HALF):
            assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=120).status_code == 200
            assert (
                httpx.post(f"http://127.0.0.1:{port}/api/auth/login", json={}, timeout=120).status_code == 422
            )


@pytest.mark.parametrize(
    "head",
    ["Content-Length: 500\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ids=["declared", "chunked"],
)
def test_a_body_that_does_not_come_in_time_is_answered_and_its_connection_ended(
    monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    monkeypatch.setattr(request_body, "PATIENCE", -1.0)
    with (
        serving(echo) as made,
        connections(made.port, 1, f"POST / HTTP/1.1\r\nHost: localhost\r\n{head}".encode()) as (late,),
    ):
        answer = everything(late)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [("PATIENCE", 0.2), ("WITHIN", 0.2)],
    ids=["nothing came for a while", "it takes too long"],
)
def test_what_came_at_once_does_not_buy_time_for_the_rest(
    monkeypatch: pytest.MonkeyPatch, rule: str, seconds: float
) -> None:
    monkeypatch.setattr(request_body, "RATE", 1)  # what came would do for more than six minutes
    monkeypatch.setattr(request_body, rule, seconds)
    with serving(echo) as made, connections(made.port, 1, HALF + b" " * 400) as (late,):
        assert everything(late).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_comes_slowly_but_comes_is_read() -> None:
    with serving(echo) as made, connections(made.port, 1, HALF) as (slow,):
        for _ in range(499):
            slow.sendall(b" ")
        assert slow.recv(1000).endswith(b"500")


def asked(head: str) -> httpx.Response:
    """The answer to a request, written out, of which nothing more comes; on its last connection."""
    with serving(echo) as made, connections(made.port, 1, head.replace("\n", "\r\n").encode()) as (one,):
        parts = bytearray()
        with suppress(ConnectionResetError):  # what of a head was not even read
            while part := one.recv(65536):
                parts += part
    said, _, body = bytes(parts).partition(b"\r\n\r\n")
    return httpx.Response(int(said[9:12]), content=body)


@pytest.mark.parametrize("chunks", ["zz\n", "-1\nx\n", "5\nhelloXX\n", "fffffffffffffffff\n"])
def test_chunks_that_do_not_say_their_length_are_refused_with_the_reason(chunks: str) -> None:
    answer = asked(f"POST / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n{chunks}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BODY_BROKEN")


@pytest.mark.parametrize(
    "hosts",
    ["Host: localhost\nHost: elsewhere\n", "Host: localhost\nhost: localhost\n", "Host:\n", "Accept: */*\n"],
)
def test_a_request_that_does_not_name_one_host_is_refused(hosts: str) -> None:
    answer = asked(f"GET / HTTP/1.1\n{hosts}Connection: close\n\n")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "HOST_UNCLEAR")
    assert asked("GET / HTTP/1.0\n\n").status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        "GET /?{} HTTP/1.1\nHost: localhost\n",
        "GET / HTTP/1.1\nHost: localhost\nAccept: {}\n",
        "GET /{} HTTP/1.1\nHost: localhost\n",
    ],
    ids=["query", "header", "path"],
)
def test_a_head_may_have_so_many_bytes_and_no_more(head: str) -> None:
    def status(size: int) -> int:
        return asked(head.format("x" * size) + "Connection: close\n\n").status_code

    assert [status(size) for size in (30_000, 40_000)] == [200, 431]
    assert status(60_000) in {414, 431}


def test_a_head_without_an_end_is_not_collected() -> None:
    assert asked("GET / HTTP/1.1\nHost: localhost\nAccept: " + "x" * 80_000).status_code == 431


def test_connections_that_say_nothing_leave_room_for_others(gateway: Running) -> None:
    with connections(gateway.port, 1100):
        assert gateway.get("/healthz").status_code == 200


def test_whoever_asks_whether_we_live_is_answered_although_every_thread_is_taken() -> None:
    busy, go_on = threading.Semaphore(0), threading.Event()

    def handle(_: Request) -> Response:
        busy.release()
        assert go_on.wait(120)
        return Response(204)

    with (
        serving(handle, threads=2) as made,
        connections(made.port, 5, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") as asking,
    ):
        busy.acquire()
        busy.acquire()
        assert httpx.get(f"http://127.0.0.1:{made.port}/healthz", timeout=120).status_code == 200
        go_on.set()
        assert all(each.recv(1000).startswith(b"HTTP/1.1 204 ") for each in asking)


def test_more_than_can_wait_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAITING", 1)
    busy, go_on = threading.Event(), threading.Event()

    def handle(_: Request) -> Response:
        busy.set()
        assert go_on.wait(120)
        return Response(204)

    with (
        serving(handle, threads=1) as made,
        connections(made.port, 1, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ):
        assert busy.wait(120)
        with connections(made.port, 1, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            eventually(lambda: made.slots.waiting)
            refused = httpx.get(f"http://127.0.0.1:{made.port}/", timeout=120)
            go_on.set()
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "BUSY")
    assert int(refused.headers["retry-after"]) > 0


def test_bodies_that_find_no_room_are_told_to_come_again() -> None:
    with serving(echo) as made:
        made.room = Room(8 * 600)
        with connections(made.port, 1, HALF.replace(b"{", b"x" * 400)):
            eventually(lambda: made.room.small.left == 200)
            assert (
                httpx.post(f"http://127.0.0.1:{made.port}/", content=b"x" * 300, timeout=120).json()["error"][
                    "code"
                ]
                == "BUSY"
            )
        eventually(lambda: made.room.left == 8 * 600)
        assert httpx.post(f"http://127.0.0.1:{made.port}/", content=b"x" * 300, timeout=120).text == "300"
        eventually(lambda: made.room.left == 8 * 600)


SMALL_MACHINE = """
from shared.runtime import server
from shared.kit.http import Response
server.room_for_bodies = lambda: 4_000_000
def handle(request):
    return Response(200, str(len(request.body(3_000_000))).encode(), "text/plain")
made = server.Server(handle, "127.0.0.1", 0, 2, lambda _: 3_000_000)
made.run(started=lambda: print(made.port, flush=True))
"""


@contextmanager
def small_machine() -> Iterator[int]:
    """A server's process with room for four million bytes of bodies; its port."""
    with subprocess.Popen(
        [sys.executable, "-c", SMALL_MACHINE],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as started:
        assert started.stdout is not None
        try:
            yield int(started.stdout.readline())
        finally:
            started.kill()


LARGE = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"


def sent_from(port: int, whence: str, size: int) -> httpx.Response:
    """An upload from that address."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=whence), timeout=120) as client:
        return client.post(f"http://127.0.0.1:{port}/", content=b"x" * size)


def test_half_sent_bodies_of_one_address_leave_room_for_everybody_elses() -> None:
    half = LARGE + b"x" * 250_000
    with small_machine() as port, connections(port, 18, half) as held:
        eventually(lambda: len(select.select(held, [], [], 0)[0]) == 17)  # all but one are refused
        assert sent_from(port, "127.0.0.2", 2_500_000).text == "2500000"
        assert sent_from(port, "127.0.0.1", 300).text == "300"


def test_large_bodies_of_many_addresses_leave_room_for_small_ones() -> None:
    with small_machine() as port, ExitStack() as attack:
        for n in range(2, 9):
            attack.enter_context(connections(port, 1, LARGE + b"x" * 571_000, f"127.0.0.{n}"))
        eventually(lambda: sent_from(port, "127.0.0.9", 2_500_000).status_code == 503)
        assert [sent_from(port, f"127.0.0.{n}", 60_000).text for n in range(2, 11)] == ["60000"] * 9


def send(port: int, size: int, *, is_chunked: bool) -> bytes:
    """Send a body to its end and only then look for the answer, as some clients do."""
    head = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {size}"
    with connections(
        port, 1, f"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode()
    ) as (made,):
        for _ in range(size // 50_000):
            made.sendall(b"c350\r\n" + b"x" * 50_000 + b"\r\n" if is_chunked else b"x" * 50_000)
        if is_chunked:
            made.sendall(b"0\r\n\r\n")
        return everything(made)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("size", [1_100_000, 5_000_000])
def test_whoever_sends_too_much_reads_why_every_time(gateway: Running, size: int, is_chunked: bool) -> None:
    assert {send(gateway.port, size, is_chunked=is_chunked)[9:12] for _ in range(20)} == {b"413"}


def test_a_streamed_answer_whose_making_fails_is_seen_to_be_incomplete() -> None:
    def parts() -> Iterator[bytes]:
        yield b"the beginning"
        raise RuntimeError

    with (
        serving(lambda _: Response(200, parts(), "text/plain")) as made,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.get(f"http://127.0.0.1:{made.port}/", timeout=120)


def test_a_client_that_does_not_take_its_answer_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "SLOW_READER", 0.2)
    closed = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            closed.set()

    asking = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serving(lambda _: Response(200, parts(), "text/plain")) as made, connections(made.port, 1, asking):
        assert closed.wait(120)


def test_a_header_with_underscores_is_not_the_one_with_hyphens() -> None:
    with serving(lambda request: Response(200, request.header("x-tenant-id").encode(), "text/plain")) as made:
        url = f"http://127.0.0.1:{made.port}/"
        assert (
            httpx.get(url, headers={"X_Tenant_ID": "other", "X-Tenant-ID": "own"}, timeout=120).text == "own"
        )
        assert httpx.get(url, headers={"X_Tenant_ID": "other"}, timeout=120).text == ""
        assert httpx.get(url, headers=[("X-Tenant-ID", "a"), ("X-Tenant-ID", "b")], timeout=120).text == "a,b"


ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def leaving(made: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It has been told to end, and ends with the block: nobody is connected any more."""
    monkeypatch.setattr(server, "LEAVE", 60.0)
    going = threading.Thread(target=made.take_leave)
    going.start()
    eventually(lambda: made.is_leaving)
    yield
    going.join(120)
    assert not going.is_alive()


def test_whoever_is_connected_when_the_server_is_told_to_end_is_answered_and_told_to_connect_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(echo) as made, connections(made.port, 5) as silent, connections(made.port, 5, ASK) as kept:
        assert not any(b"connection: close" in each.recv(1000) for each in kept)
        with leaving(made, monkeypatch):
            for each in (*silent, *kept):
                each.sendall(ASK)
            answers = [everything(each) for each in (*silent, *kept)]
    assert all(answer.startswith(b"HTTP/1.1 200 ") and b"connection: close" in answer for answer in answers)


def test_a_server_alone_that_is_told_to_end_answers_who_hears_late_of_it_and_then_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(echo) as made, connections(made.port, 1, ASK) as (held,):
        assert held.recv(1000)
        with leaving(made, monkeypatch):
            late = [httpx.get(f"http://127.0.0.1:{made.port}/") for _ in range(5)]
            held.close()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{made.port}/")
    assert {(answer.status_code, answer.headers.get("connection")) for answer in late} == {(200, "close")}


def test_a_server_that_shares_its_port_leaves_who_comes_now_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def says(name: bytes) -> Callable[[Request], Response]:
        return lambda _: Response(200, name, "text/plain")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        old, new = (
            Server(says(name), "127.0.0.1", 0, 2, listening=listening.dup()) for name in (b"old", b"new")
        )
        old.start()
        with connections(old.port, 1, ASK) as (held,):
            assert held.recv(1000).endswith(b"old")
            new.start()
            with leaving(old, monkeypatch):
                eventually(lambda: not has(listening, old.listening))
                assert {httpx.get(f"http://127.0.0.1:{old.port}/").text for _ in range(20)} == {"new"}
                held.sendall(ASK)
                assert everything(held).endswith(b"old")
        assert old.stop()
        assert new.stop()


def has(listening: socket.socket, descriptor: int) -> bool:
    """Whether it is the same socket."""
    return os.path.sameopenfile(listening.fileno(), descriptor)
