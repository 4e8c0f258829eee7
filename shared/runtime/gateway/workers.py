"""Several processes that answer on one port: one a core, each with all functions.

They share one listening socket, which their parent opens and keeps: whoever of them ends, nobody who connects
is refused, and what was not yet taken in is taken in by another one. SIGHUP replaces them one by one, each by
a process that reads the program anew. One that is told to end lets answers end the connections it has; what
is silent for two seconds is closed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from shared.runtime.network import BACKLOG

PATIENCE = 120.0  # seconds in which a worker is ready, and in which one that was told to end has ended
PAUSE = 1.0  # seconds between two starts of a worker that ends at once
LOOK = 0.05


class Worker:
    """One process; it says that it is ready by a byte through a pipe."""

    def __init__(self, module: str, listening: socket.socket, environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        told = {"WORKER_SOCKET": str(listening.fileno()), "WORKER_READY": str(writing)}
        try:
            self.process = subprocess.Popen(  # noqa: S603 (ourselves)
                [sys.executable, "-m", module],
                env=environment | told,
                pass_fds=(listening.fileno(), writing),
            )
        finally:
            os.close(writing)
        self.since, self.says = time.monotonic(), reading
        os.set_blocking(reading, False)
        self.is_ready = False

    def look(self) -> bool:
        """Whether it is ready, and has not ended."""
        if not self.is_ready:
            try:
                self.is_ready = os.read(self.says, 1) == b"."
            except BlockingIOError:
                return False
        return self.is_ready and not self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def close(self) -> None:
        """Forget it."""
        os.close(self.says)


class Workers:
    """Keeps so many running."""

    def __init__(self, module: str, count: int, listening: socket.socket, directory: Path) -> None:
        self.module, self.count, self.listening, self.directory = module, count, listening, directory
        self.environment = os.environ | {"WORKER_DIRECTORY": str(directory)}
        self.running: list[Worker] = []
        self.ending = self.replacing = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT; 1 when the first one cannot start, which has said why."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "ending", True))
        signal.signal(signal.SIGHUP, lambda *_: setattr(self, "replacing", True))
        can_start = self.begin()
        while can_start and not self.ending:
            if self.replacing:
                self.replace()
            self.mend()
            time.sleep(LOOK)
        # refused, a caller comes again; taken in by nobody, it would wait for an answer that never comes
        self.listening.close()
        self.end(self.running)
        return 0 if can_start or self.ending else 1

    def begin(self) -> bool:
        """The first one answers before the others load: all at once, each would have the machine's cores for
        a part of the time only, and where nothing is compiled yet, all would compile the same.
        """
        first = self.start()
        self.running = [first]
        if not self.wait(lambda: first.look() or first.has_ended) or first.has_ended:
            return False
        self.running += [self.start() for _ in range(self.count - 1)]
        return True

    def start(self) -> Worker:
        """One more."""
        return Worker(self.module, self.listening, self.environment)

    def mend(self) -> None:
        """A new one for each that has ended; slower where it ends at once."""
        for each in list(self.running):
            if each.has_ended and time.monotonic() - each.since > PAUSE:
                self.running.remove(each)
                each.close()
                self.running.append(self.start())

    def replace(self) -> None:
        """One after the other: an old one ends when its successor answers; one that never does changes
        nothing.
        """
        self.replacing = False
        for old in list(self.running):
            new = self.start()
            if not self.wait(lambda new=new: new.look() or new.has_ended) or not new.look():  # type: ignore[misc]  # mypy infers no lambda with a default
                self.end([new])
                return
            self.running.remove(old)
            self.running.append(new)
            self.end([old])

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Whether it comes true in time, before we are told to end."""
        until = time.monotonic() + PATIENCE
        while not (is_true := condition()) and not self.ending and time.monotonic() < until:
            time.sleep(LOOK)
        return is_true

    def end(self, these: list[Worker]) -> None:
        """Let them finish what they are doing."""
        for each in these:
            each.process.terminate()
        for each in these:
            try:
                each.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                each.process.kill()
            each.close()


def several(
    module: str, count: int, host: str, port: int, directory: Path, kind: type[Workers] = Workers
) -> int:
    """Take the port and keep so many processes of `python -m module` on it until told to stop.

    In `directory`, which is emptied, they find each other; `kind` looks after them. OSError when the port is
    taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as listening:
        shutil.rmtree(directory, ignore_errors=True)
        return kind(module, count, listening, directory).run()


def is_one_of_several() -> bool:
    """Whether our parent has given us a socket."""
    return "WORKER_SOCKET" in os.environ


def inherited() -> socket.socket | None:
    """That socket."""
    return socket.socket(fileno=int(os.environ["WORKER_SOCKET"])) if is_one_of_several() else None


def directory() -> Path:
    """Where those who share that socket find each other."""
    return Path(os.environ["WORKER_DIRECTORY"])


def say_ready() -> None:
    """Tell our parent that we answer."""
    if number := os.environ.get("WORKER_READY"):
        os.write(int(number), b".")
        os.close(int(number))
