"""The chatbot fetches pages that strangers name: it must never be led into a private network, or be held."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from functions.chatbot.documents import web_page
from functions.chatbot.documents.web_page import PageUnavailable, fetch
from shared.adapters import http_client
from shared.adapters.public_addresses import AddressRefused, is_public
from shared.kit.settings import settings
from tests.support import City


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "192.0.0.192",
        "168.63.129.16",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fec0::1",
        "fd00::1",
        "fe80::1%eth0",
        "ff02::1",
    ],
)
def test_an_address_that_leads_inside_in_any_spelling_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://[::ffff:7f00:1]/",
        "http://localhost/",
        "http://user@8.8.8.8/",
        "http://8.8.8.8\\@127.0.0.1/",
        "http://127.0.0.1#@8.8.8.8/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
    ],
)
def test_no_spelling_of_an_inner_address_is_fetched(url: str) -> None:
    with pytest.raises(AddressRefused):
        fetch(url)


@pytest.mark.parametrize(
    "url",
    ["http://[abc", "http://[abc]/", "http://a.example:99999/", "http://a.example:x/", "http://℀.example/"],
)
def test_what_is_no_address_fails_the_document_and_is_not_tried_again(url: str, city: City) -> None:
    made = city.call("ingest-document", "city_admin", body={"url": url})
    if made.status == 202:
        city.settle()
        found = city.call(
            "get-document", "city_admin", path=f"/api/chatbot/documents/{made.body['documentId']}"
        )
        assert found.body["state"] == "failed"
    else:
        assert made.status == 422


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server whose answer to each connection is written by hand."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with connection:
                try:
                    asked = connection.recv(65_536)
                    if b"/robots.txt" in asked:
                        connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                    else:
                        answer(connection)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def reads_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("SCRAPE_PRIVATE_HOSTS", "127.0.0.1")
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.mark.usefixtures("reads_this_machine")
@pytest.mark.parametrize(
    "target",
    ["http://localhost:1/", "http://[::1]:1/", "http://0x7f000001:1/", "http://[abc", "ftp://127.0.0.1/"],
)
def test_a_redirect_is_looked_at_like_the_first_address(target: str) -> None:
    def redirect(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    with answering(redirect) as address, pytest.raises(AddressRefused):
        fetch(address)


@pytest.mark.usefixtures("reads_this_machine")
@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"],
    ids=["in the head", "in the body"],
)
def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_us(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_page, "MAX_SECONDS", 0.5)
    gone = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(start)
        try:
            while not gone.wait(0.05):
                connection.sendall(b"a")
        except OSError:
            gone.set()

    before = time.monotonic()
    with answering(trickle) as address, pytest.raises(PageUnavailable):
        fetch(address)
    assert time.monotonic() - before < http_client.READ
    assert gone.wait(120)
