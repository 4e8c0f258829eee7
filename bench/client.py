"""The load generator: N kept-alive connections in one thread, prepared requests in a fixed order, nothing
else.

One thread with `select.epoll` sends some 60,000 requests a second, so that it is never the server's
bottleneck; its CPU is not counted. A POSIX system without epoll takes what `selectors` finds.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path


class Connection:
    """One connection: what it still has to send, what it has received of the answer, and when it asked."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.ask()

    def ask(self) -> None:
        """Send the next request; it fits into the socket's buffer."""
        self.received, self.missing, self.status = b"", -1, 0
        self.since = time.perf_counter()
        self.socket.sendall(next(self.requests))

    def is_answered(self) -> bool:
        """Read what is there; whether the whole answer has come."""
        data = self.socket.recv(262_144)
        if not data:
            raise SystemExit("the server has closed a connection")
        if self.missing >= 0:
            self.missing -= len(data)
            return self.missing <= 0
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return False
        self.status = int(head[9:12])
        self.missing = content_length(head) - len(body)
        return self.missing <= 0


def content_length(head: bytes) -> int:
    """The length of the body that follows."""
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].partition(b"\r\n")[0]) if start >= 0 else 0


def load(port: int, connections: int, seconds: float, requests: list[bytes]) -> dict[str, object]:
    """Ask for that long; how many answers came, how many were errors, and how long they took."""
    selector, times, errors = selectors.DefaultSelector(), [], []
    for number in range(connections):
        made = Connection(port, cycle(requests[number::connections]))
        selector.register(made.socket, selectors.EVENT_READ, made)
    until = time.perf_counter() + seconds
    while (now := time.perf_counter()) < until:
        for key, _ in selector.select(1):
            connection: Connection = key.data
            if connection.is_answered():
                times.append(time.perf_counter() - connection.since)
                if connection.status >= 400:
                    errors.append(connection.status)
                connection.ask()
    took = now - until + seconds
    times.sort()
    return {
        "requests": len(times),
        "seconds": took,
        "errors": len(errors),
        "first_error": errors[:1],
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
    }


def main() -> None:
    """Arguments: port, connections, seconds, a file with requests as a JSON list. Prints one JSON line."""
    port, connections, seconds, path = sys.argv[1:]
    requests = [text.encode() for text in json.loads(Path(path).read_text())]
    print(json.dumps(load(int(port), int(connections), float(seconds), requests)))


if __name__ == "__main__":
    main()
