"""A client for the gateway, a server that waits for callbacks, and processes that are started and ended."""

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from tooling.gateway.local import LocalGateway
from tooling.stack.home import ROOT

PASSWORD = "only-for-this-test"
PATIENCE = 240.0
T = TypeVar("T")


class Running(httpx.Client):
    """A gateway that runs, and an HTTP client for it."""

    def __init__(self, port: int, made: LocalGateway, home: Path) -> None:
        super().__init__(base_url=f"http://127.0.0.1:{port}", timeout=120)
        self.made, self.home, self.port = made, home, port

    def system(self, method: str, path: str, **parts: Any) -> httpx.Response:
        """A call as faas-cli makes it after `login`."""
        return self.request(method, f"/system/{path}", auth=("admin", PASSWORD), **parts)


def chunked(body: bytes) -> Iterator[bytes]:
    """A body that httpx sends without a Content-Length, in two pieces."""
    yield body[:3]
    yield body[3:]


def eventually(condition: Callable[[], T]) -> T:
    """Poll until the condition holds, and give what it gave."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return result


@dataclass
class Listener:
    """A server that keeps what is posted to it."""

    url: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def open(cls, status: int = 200, headers: dict[str, str] | None = None) -> Iterator[Self]:
        """Listens for as long as the block runs."""
        made = cls()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                made.heard.append(({key.lower(): value for key, value in self.headers.items()}, body))
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            made.url = f"http://127.0.0.1:{server.server_address[1]}/"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield made
            finally:  # else a test that fails would leave a thread that keeps the whole run from ending
                server.shutdown()
                thread.join()


@contextmanager
def process(module: str, *arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """`python -m module`, ended when the block is."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def answers(url: str, started: "subprocess.Popen[Any]") -> httpx.Response:
    """The first answer of a process that is starting."""

    def ask() -> httpx.Response | None:
        assert started.poll() is None, started.stderr and started.stderr.read()
        try:
            return httpx.get(url, timeout=120)
        except httpx.TransportError:
            return None

    answer = eventually(ask)
    assert answer
    return answer
