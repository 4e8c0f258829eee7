"""The one client for calls to the outside: bounded, checked, and nobody's proxy."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.adapters import http_client
from shared.adapters.http_client import AnswerTooLarge, OutwardUnavailable, TooLate
from shared.adapters.public_addresses import AddressRefused

HERE: dict[str, Any] = {"private_hosts": ["127.0.0.1"]}


@contextmanager
def answering(answer: Callable[[socket.socket, bytes], None]) -> Iterator[int]:
    """The port of a server whose answer to each connection is written by hand."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def one(connection: socket.socket) -> None:
            with connection:
                try:
                    answer(connection, connection.recv(65_536))
                except OSError:
                    return

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def says(body: bytes, head: bytes = b"") -> Callable[[socket.socket, bytes], None]:
    return lambda connection, _: connection.sendall(
        b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    )


def test_an_answer_is_what_was_sent_and_we_say_who_asks() -> None:
    asked: list[bytes] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        asked.append(request)
        says(b"Moin", b"X-City: Kiel\r\n")(connection, request)

    with answering(answer) as port:
        got = http_client.call(
            "POST", f"http://127.0.0.1:{port}/x", body=b"{}", headers={"X-Key": "k"}, **HERE
        )
    assert (got.status, got.body, got.headers["x-city"]) == (200, b"Moin", "Kiel")
    assert asked[0].startswith(b"POST /x HTTP/1.1")
    assert b"User-Agent: HEIDI/" in asked[0]
    assert b"X-Key: k" in asked[0]


def test_no_proxy_of_the_environment_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with answering(says(b"Moin")) as port:
        assert http_client.call("GET", f"http://127.0.0.1:{port}/", **HERE).body == b"Moin"


def test_a_body_beyond_the_limit_is_not_read() -> None:
    with answering(says(b"x" * 2000)) as port, pytest.raises(AnswerTooLarge):
        http_client.call("GET", f"http://127.0.0.1:{port}/", limit=1999, **HERE)


def test_nothing_in_a_private_network_is_called_unless_it_is_allowed_by_name() -> None:
    with answering(says(b"secret")) as port, pytest.raises(AddressRefused):
        http_client.call("GET", f"http://127.0.0.1:{port}/")


def test_a_name_is_resolved_once_and_that_very_address_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer of a name server that changes its mind is never asked for."""
    asked: list[str] = []
    really = socket.getaddrinfo

    def resolve(host: str, *how: Any, **more: Any) -> object:
        asked.append(host)
        return really("127.0.0.1" if host == "rebinding.example" else host, *how, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with answering(says(b"Moin")) as port:
        got = http_client.call(
            "GET", f"http://rebinding.example:{port}/", private_hosts=["rebinding.example"]
        )
    assert got.body == b"Moin"
    assert asked.count("rebinding.example") == 1


def test_a_redirect_is_an_answer_until_somebody_follows_it() -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        if request.startswith(b"GET /there"):
            says(b"here it is")(connection, request)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")

    with answering(answer) as port:
        address = f"http://127.0.0.1:{port}/"
        assert http_client.call("GET", address, **HERE).status == 302
        got = http_client.follow(address, **HERE)
    assert (got.url, got.body) == (f"{address}there", b"here it is")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_whoever_never_ends_even_while_shaking_hands_is_hung_up_on(scheme: str) -> None:
    gone = threading.Event()

    def drip(connection: socket.socket, _: bytes) -> None:
        try:
            connection.sendall(b"\x16\x03\x03\x40\x00" if scheme == "https" else b"HTTP/1.1 200 OK\r\nX: ")
            while not gone.wait(0.02):
                connection.sendall(b"a")
        except OSError:
            gone.set()

    with answering(drip) as port, pytest.raises((OutwardUnavailable, TooLate)), http_client.within(0.4):
        http_client.call("GET", f"{scheme}://127.0.0.1:{port}/", **HERE)
    assert gone.wait(120)


def test_a_whole_that_is_over_begins_nothing_more() -> None:
    asked: list[bytes] = []
    with (
        answering(lambda _, request: asked.append(request)) as port,
        pytest.raises((TooLate, OutwardUnavailable)),
        http_client.within(0),
    ):
        http_client.call("GET", f"http://127.0.0.1:{port}/", **HERE)
    assert asked in ([], [b""])


def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(OutwardUnavailable):
        http_client.call("GET", "http://127.0.0.1:9/", **HERE)
