"""What processes of one server ask each other: numbers to add up, lines of logs, and whether something was
deployed.

Each has a socket in one directory. What one of them counted is kept in a file there whenever
somebody asks and when it ends, so that a sum never falls: Prometheus would take that for a new beginning, and
count everything twice.
"""

import fcntl
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 1.0
Answers = dict[str, Callable[[Any], Any]]


class Peers:
    """The other workers."""

    def __init__(self, directory: Path, answers: Answers) -> None:
        self.directory, self.answers = directory, answers
        self.door = directory / f"{os.getpid()}.door"
        self.numbers = self.door.with_suffix(".json")

    def start(self) -> None:
        """Answer the others."""
        private(self.directory)
        self.door.unlink(missing_ok=True)
        answers = self.answers

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                what, value = json.loads(self.rfile.readline())
                self.wfile.write(json.dumps(answers[what](value)).encode())

        self.server = socketserver.ThreadingUnixStreamServer(str(self.door), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, name="peers", daemon=True).start()

    def ask(self, what: str, value: Any = None) -> dict[str, Any]:
        """What the others answer, by their names; who does not answer is not there."""
        found = {}
        for door in self.directory.glob("*.door"):
            if door != self.door:
                try:
                    found[door.stem] = asked(door, what, value)
                except (OSError, ValueError):
                    continue
        return found

    def everybodys(self, own: Any) -> tuple[list[Any], list[Any]]:
        """The numbers of all who live, and what those left who have ended."""
        with self.locked():
            living = self.ask("numbers") | {self.door.stem: own}
            for name, said in living.items():
                write(self.directory / f"{name}.json", said)
            ended = [path for path in self.directory.glob("*.json") if path.stem not in living]
            return list(living.values()), [json.loads(path.read_bytes()) for path in ended]

    def leave(self, own: Any) -> None:
        """Go, and leave the numbers."""
        self.door.unlink(missing_ok=True)
        with self.locked():
            write(self.numbers, own)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes meanwhile."""
        with (self.directory / "lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def asked(door: Path, what: str, value: Any) -> Any:
    """One other worker's answer."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(PATIENCE)
        asking.connect(str(door))
        asking.sendall(json.dumps([what, value]).encode() + b"\n")
        return json.loads(b"".join(iter(lambda: asking.recv(65536), b"")))


def write(path: Path, said: Any) -> None:
    """In one step."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(said), "utf-8")
    draft.replace(path)


def private(directory: Path) -> None:
    """A directory that only we can look into."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
