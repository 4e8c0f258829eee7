"""A stand-in for clamd that speaks INSTREAM over TCP or a socket file, finds the EICAR test file, and fails
in every way.
"""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tooling.stack.environment import entered

# in two, so that no scanner minds this file
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
Mood = Literal["well", "silent", "rude", "half", "small", "odd", "early"]


class Scanner(socketserver.StreamRequestHandler):
    """One question."""

    server: "Clamd"

    def handle(self) -> None:
        mood, server = self.server.mood, self.server
        if mood == "rude":
            return
        assert self.rfile.read(10) == b"zINSTREAM\0"
        if mood == "early":
            self.wfile.write(b"stream: OK\0")  # without having seen anything
            return
        data = b""
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            data += self.rfile.read(size)
            if mood == "small" and len(data) > 1000:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        server.seen.append(data)
        if mood == "silent":
            server.released.wait(120)
            return
        said = {"half": b"stream: O", "odd": b"UNKNOWN COMMAND\0"}.get(mood)
        self.wfile.write(
            said or (b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0")
        )


class Clamd(socketserver.ThreadingTCPServer):
    """Listens on a port of its own."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, mood: Mood = "well") -> None:
        self.mood: Mood = mood
        self.seen: list[bytes] = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), Scanner)


class LocalClamd(socketserver.ThreadingUnixStreamServer):
    """Listens on a file."""

    mood: Mood = "well"
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.seen: list[bytes] = []
        super().__init__(str(path), Scanner)


@contextmanager
def scanning(mood: Mood = "well") -> Iterator[Clamd]:
    """A scanner that all functions ask."""
    with Clamd(mood) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with entered({"CLAMD_ADDRESS": f"127.0.0.1:{server.server_address[1]}"}):
            yield server
        server.released.set()
        server.shutdown()
