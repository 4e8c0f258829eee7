"""A third party that takes every request and never gets to the end of an answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from shared.adapters import http_client
from tooling.stack.environment import entered

BEGINNING = b"HTTP/1.1 200 OK\r\nX-Never-Ends: "


class Hanging:
    """Who has been asked, and says a byte now and then: no timeout of a single read ends that."""

    def __init__(self, beginning: bytes = BEGINNING, piece: bytes = b".", *, first: bool = False) -> None:
        self.beginning, self.piece, self.first = beginning, piece, first
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked = 0
        self.over = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                wire, _ = self.listener.accept()
                threading.Thread(target=self.drip, args=(wire,), daemon=True).start()

    def drip(self, wire: socket.socket) -> None:
        with wire, suppress(OSError):
            if not self.first and not wire.recv(65536):
                return
            self.asked += 1
            wire.sendall(self.beginning)
            while not self.over.wait(0.05):
                wire.sendall(self.piece)

    def stop(self) -> None:
        self.over.set()
        self.listener.close()


@contextmanager
def hanging(setting: str, **others: str) -> Iterator[Hanging]:
    """Whoever is asked by the address in this setting hangs."""
    found = Hanging()
    try:
        with entered({setting: found.address, **others}):
            yield found
    finally:
        found.stop()


class Patience:
    """How long calls are given: until a test says that it is over; no clock decides what comes first."""

    def __init__(self) -> None:
        self.given: list[float] = []  # seconds that the calls wanted to be given
        self.calls: list[http_client.Whole] = []

    def is_over(self) -> None:
        """What comes when the time that a call was given has passed."""
        for call in self.calls:
            call.end = 0.0
            call.hang_up()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Of all calls of clients of ours in this test."""
    found, usual = Patience(), http_client.Whole

    def given(seconds: float) -> http_client.Whole:
        found.given.append(seconds)
        found.calls.append(call := usual(3600.0))
        return call

    monkeypatch.setattr(http_client, "Whole", given)
    return found
