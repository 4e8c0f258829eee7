"""A broker that takes events over HTTP, answers with what a test wants, and remembers what came."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tooling.stack.environment import entered


class FakeBroker(ThreadingHTTPServer):
    """Answers with what a test wants and remembers what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.came: list[dict[str, str]] = []
        self.status: Callable[[int], int] = lambda _: 202

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.server.came.append(
                {key.lower(): value for key, value in self.headers.items()} | {"body": body}
            )
            self.send_response(self.server.status(len(self.server.came)))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""


@contextmanager
def answering() -> Iterator[FakeBroker]:
    """The broker of all functions, for as long as the block lasts."""
    server = FakeBroker()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with entered({"BROKER_URL": f"http://127.0.0.1:{server.server_port}"}):
        yield server
    server.shutdown()
    thread.join()
    server.server_close()
