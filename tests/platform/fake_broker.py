"""A broker that takes events over HTTP, answers with what a test wants, and remembers what came."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from shared.kit.cloudevents import BATCH
from tooling.stack.environment import entered


class FakeBroker(ThreadingHTTPServer):
    """Answers with what a test wants and remembers what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.came: list[dict[str, str]] = []
        self.status: Callable[[int], int] = lambda _: 202
        self.takes_batches, self.behind = False, ""
        self.requests: list[int] = []  # how many events each of them held

    def judged(self, headers: dict[str, str], body: str) -> tuple[int, list[dict[str, str]]]:
        """A status where there is no more to say, and the events; those of a batch as if each had come alone."""
        if headers["content-type"] != BATCH:
            return 0, [headers | {"body": body}]
        if not self.takes_batches:
            return 415, []
        return 0, [
            headers
            | {"body": json.dumps(event.pop("data"))}
            | {f"ce-{name}": value for name, value in event.items()}
            for event in json.loads(body)
        ]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server: "FakeBroker"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, events = self.server.judged(headers, body)
            self.server.came += events
            self.server.requests.append(len(events))
            self.send_response(status or self.server.status(len(self.server.came)))
            self.send_header("content-length", "0")
            if self.server.behind:
                self.send_header("x-heidi-behind", self.server.behind)
            if self.server.takes_batches:
                self.send_header("accept-post", BATCH)
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
