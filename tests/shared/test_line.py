"""The connection to the broker against servers that answer as servers do, and as they should not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from shared.events import line
from shared.events.line import Line, head
from shared.kit.settings import settings

OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nAccept-Post: a\r\nX-Heidi-Behind: 3\r\n\r\n"
Speak = Callable[[socket.socket], None]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[bytes]]]:
    """A server that says these answers, one per connection's script; what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def says(*scripts: list[bytes], closes: bool = True) -> list[bytes]:
            heard: list[bytes] = []

            def work() -> None:
                with suppress(OSError):
                    for script in scripts:
                        peer, _ = server.accept()
                        for answer in script:
                            heard.append(peer.recv(65_536))
                            peer.sendall(answer)
                        if closes:
                            peer.close()

            threading.Thread(target=work, daemon=True).start()
            return heard

        monkeypatch.setenv("BROKER_URL", f"http://127.0.0.1:{server.getsockname()[1]}/in?x=1")
        settings.cache_clear()
        yield says
    settings.cache_clear()


@pytest.fixture
def sent() -> Iterator[Line]:
    with closing(Line()) as made:
        yield made


def test_several_events_go_over_one_connection(broker: Callable[..., list[bytes]], sent: Line) -> None:
    heard = broker([OK, OK])
    told = [sent.post(b"{}", {"ce-id": "1"}), sent.post(b"[1]", {"ce-id": "2"})]
    assert told == [(202, {"content-length": "0", "accept-post": "a", "x-heidi-behind": "3"})] * 2
    assert heard[1].startswith(b"POST /in HTTP/1.1\r\nhost: 127.0.0.1:")
    assert heard[1].endswith(b"content-length: 3\r\nce-id: 2\r\n\r\n[1]")


def test_a_connection_that_went_stale_is_tried_anew(broker: Callable[..., list[bytes]], sent: Line) -> None:
    heard = broker([OK], [OK])
    assert [sent.post(b"{}", {}), sent.post(b"{}", {})] == [
        (202, {"content-length": "0", "accept-post": "a", "x-heidi-behind": "3"})
    ] * 2
    assert len(heard) == 2


def test_an_answer_in_chunks_is_read_whole_and_one_that_closes_is_closed(
    broker: Callable[..., list[bytes]], sent: Line
) -> None:
    chunked = (
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    broker([chunked], [OK])
    assert sent.post(b"{}", {}) == (500, {"transfer-encoding": "chunked", "connection": "close"})
    assert sent.connection is None
    assert (sent.post(b"{}", {}) or (0,))[0] == 202


@pytest.mark.parametrize(
    "answer",
    [
        b"SMTP ready\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000,
    ],
    ids=["no HTTP", "breaks off", "without end"],
)
def test_what_is_no_answer_is_none_and_leaves_no_connection(
    broker: Callable[..., list[bytes]], sent: Line, answer: bytes
) -> None:
    broker([answer])
    assert sent.post(b"{}", {}) is None
    assert sent.connection is None


def test_a_broker_that_says_nothing_is_waited_for_once(
    broker: Callable[..., list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "WITHIN", 0.1)
    heard = broker([b""], [b""], closes=False)
    assert Line().post(b"{}", {}) is None
    assert len(heard) == 1


def test_nobody_is_there() -> None:
    assert Line().post(b"{}", {}) is None


def test_a_header_cannot_carry_another() -> None:
    with pytest.raises(ValueError, match="more than one line"):
        head({"ce-id": "1\r\nauthorization: Bearer x"}, 2)
