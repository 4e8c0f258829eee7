"""Work on files that may be hostile, in a process that has little memory, little time, no secret and no
second job.

    READ = Work("functions.chatbot.extraction.formats", "read", memory=512 * MIB, cpu=30, seconds=90)
    facts, = run(READ, data, filename="report.pdf")

What is named is a function of a module that takes the file's bytes and JSON arguments, and returns JSON and
byte strings. Only JSON and bytes come back, so that a child that a file has taken over can lie but not reach
us; it reads no file but code, and calls nobody (shared/sandbox/walls.py). It is forked from a small process
that was started with an empty environment (shared/sandbox/nursery.py), never from us: we have threads. On
Linux its memory is limited too; macOS has no such limit.
"""

import atexit
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from shared.db.pg import borrower
from shared.errors import Unavailable
from shared.kit.shares import NOBODYS, Whose
from shared.kit.slots import Slots, cores
from shared.sandbox import walls
from shared.sandbox.nursery import LENGTH
from shared.telemetry.metrics import memory_limit

MIB = 1024 * 1024
MAX_HEADER, MAX_ANSWER = MIB, 128 * MIB  # bytes
ROOT = Path(__file__).resolve().parents[2]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from shared.sandbox.nursery import main; main()"
ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # macOS has none
OURS = 256 * MIB  # what a process that has children needs itself
PASSED_ON = ("LD_LIBRARY_PATH", "TZ")  # of our environment: where the interpreter's own libraries are
log = logging.getLogger("heidi.confined")


class Died(Exception):
    """The work did not come to an end: it took too much memory or time, or crashed on the file. Another try
    would do the same.
    """


@dataclass(frozen=True)
class Work:
    """What may be done with hostile bytes, and within what: address space in bytes, processor time and time
    in seconds.

    `at_once` are done at the same time on one machine, `queue` wait in each process for up to `patience`
    seconds; beyond it is Busy, and so is what one city or one person has too many of (shared/kit/slots.py): a
    city has half of the slots. `imports` are loaded beforehand, so that only the first job waits for them.
    """

    module: str
    function: str
    memory: int
    cpu: int
    seconds: int
    imports: tuple[str, ...] = ()
    at_once: int = 1
    queue: int = 3
    patience: float = 3.0
    slots: Slots = field(init=False, compare=False)

    def __post_init__(self) -> None:
        slots = Slots(
            f"{self.module}.{self.function}", self.at_once, self.queue, each=max(1, self.at_once // 2)
        )
        object.__setattr__(self, "slots", slots)

    def task(self, arguments: dict[str, Any]) -> bytes:
        """What the nursery is told."""
        return json.dumps(
            {
                "module": self.module,
                "function": self.function,
                "imports": self.imports,
                "memory": self.memory,
                "cpu": self.cpu,
                "seconds": self.seconds,
                "arguments": arguments,
            }
        ).encode()


def as_many_as_fit(memory: int) -> int:
    """How many works of so much memory a machine, or this container, does at once: one a core, where there is
    room for them.
    """
    room = memory_limit() or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(cores(), (room - OURS) // memory))


def run(work: Work, data: bytes, whose: Whose = NOBODYS, **arguments: Any) -> tuple[Any, ...]:
    """What the work makes of the bytes: its facts, then its byte strings. Died, Busy; Unavailable where
    nothing starts.
    """
    if borrower().lent:
        raise RuntimeError("whoever waits for a slot holds no connection to Postgres: with ctx.released()")
    with work.slots.taken(work.patience, whose), begun(work, work.task(arguments)) as job:
        try:
            return job.answer(data)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:  # silence, too late, nonsense
            log.warning(
                "work on a file died",
                extra={"context": {"work": work.function, "bytes": len(data), "why": str(error)}},
            )
            raise Died(work.function) from error


@contextmanager
def begun(work: Work, task: bytes) -> "Iterator[Job]":
    """A child that waits for its data; forked by a new nursery where the old one has gone. Unavailable when
    there is none.
    """
    job = None
    for nursery in (the_nursery(os.getpid()) for _ in range(2)):
        with suppress(OSError, EOFError):
            job = nursery.fork(task, work.seconds)
            break
        nursery.forget()
    if job is None:
        raise Unavailable(dependency="confined")
    try:
        yield job
    finally:
        job.end()


class Job:
    """One child and the socket to it; whatever happens, the child is gone in the end."""

    def __init__(self, ours: socket.socket, seconds: float) -> None:
        """Take the child's handle; EOFError when nobody was born."""
        said, handles, _, _ = socket.recv_fds(ours, LENGTH.size, 1, ON_EXEC)
        if len(said) < LENGTH.size:
            raise EOFError
        self.socket, self.until = ours, time.monotonic() + seconds
        self.pid: int = LENGTH.unpack(said)[0]
        self.handle = handles[0] if handles else -1

    def answer(self, data: bytes) -> tuple[Any, ...]:
        """What comes back, with every length checked before it is believed."""
        self.remaining()
        self.socket.sendall(LENGTH.pack(len(data)))
        self.socket.sendall(data)
        header = json.loads(self.part(LENGTH.unpack(self.part(LENGTH.size, LENGTH.size))[0], MAX_HEADER))
        if "broke" in header:
            raise ValueError(str(header["broke"])[:100])
        sizes = [int(size) for size in header["sizes"]]
        if any(size < 0 for size in sizes) or sum(sizes) > MAX_ANSWER:
            raise ValueError("too much")
        return header["facts"], *(self.part(size, MAX_ANSWER) for size in sizes)

    def part(self, size: int, most: int) -> bytes:
        """So many bytes, if that is not too many, before the time is over."""
        if size > most:
            raise ValueError("too much")
        got = bytearray()
        while len(got) < size:
            self.remaining()
            piece = self.socket.recv(min(size - len(got), MIB))
            if not piece:
                raise EOFError
            got += piece
        return bytes(got)

    def remaining(self) -> None:
        """Let no wait last longer than the time that is left; TimeoutError when there is none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)

    def end(self) -> None:
        """Kill the child if it is still there."""
        self.socket.close()
        if self.handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            os.close(self.handle)
        # macOS: only who did not answer is surely still this process
        elif self.pid and time.monotonic() >= self.until:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """The process that forks the children."""

    def __init__(self) -> None:
        if missing := walls.missing():
            log.info(
                "this system has not every wall around work on files", extra={"context": {"missing": missing}}
            )
        self.lock = Lock()
        self.control, theirs = socket.socketpair()
        environment = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"} | {
            n: os.environ[n] for n in PASSED_ON if n in os.environ
        }
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 (no shell, no input)
                [sys.executable, "-I", "-B", "-c", START],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                cwd="/",
            )
        atexit.register(self.close)

    def fork(self, task: bytes, seconds: float) -> Job:
        """Have a child forked; OSError or EOFError when the nursery does not do so."""
        ours, theirs = socket.socketpair()
        try:
            with theirs, self.lock:
                socket.send_fds(self.control, [b"j"], [theirs.fileno()])
            ours.settimeout(seconds)
            ours.sendall(LENGTH.pack(len(task)) + task)
            return Job(ours, seconds)
        except BaseException:
            ours.close()
            raise

    def forget(self) -> None:
        """Let go of a nursery that does not answer; the next question starts another one."""
        NURSERIES.pop(os.getpid(), None)
        self.close()

    def close(self) -> None:
        """End it, and with it whom it has forked."""
        self.control.close()
        self.process.kill()
        self.process.wait()
        atexit.unregister(self.close)


NURSERIES: dict[int, Nursery] = {}
MAKING = Lock()


def the_nursery(pid: int) -> Nursery:
    """The nursery of this process (one that was forked needs its own), started with the first job."""
    with MAKING:
        return NURSERIES.get(pid) or NURSERIES.setdefault(pid, Nursery())
