"""The program that works on hostile files: it forks a child for each job, and the child knows and may next to
nothing.

It is started by shared/sandbox/confined.py with an empty environment and one socket as its standard input.
For every byte that comes there with a socket attached it reads from that socket what to do, forks, and tells
the asker whom it has to do with; the child reads the data, answers on the same socket and ends. Nothing of
one job is left for the next.
"""

import gc
import importlib
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.sandbox import walls

LENGTH = struct.Struct("!Q")
ROOT = str(Path(__file__).resolve().parents[2])
FIRST_TO_GO = "1000"  # of what runs on this machine, when its memory ends (proc(5): oom_score_adj)


def main() -> None:
    """Take jobs until the asker has gone."""
    walls.unreadable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave nothing to be collected
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=0)
    while True:
        message, sockets, _, _ = socket.recv_fds(control, 1, 1, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
        if not message:
            return
        with socket.socket(fileno=sockets[0]) as job:
            take(job, control)


def take(job: socket.socket, control: socket.socket) -> None:
    """Fork a child for a job, and hand its handle to whoever asks; a job that cannot be taken ends without a
    word.
    """
    task = json.loads(read(job))
    for name in (task["module"], *task["imports"]):
        importlib.import_module(name)  # here, so that the next child has it already
    gc.freeze()
    with suppress(OSError):
        pid = os.fork()
        if pid == 0:
            control.close()
            work(job, task)
        introduce(job, pid)


def introduce(job: socket.socket, pid: int) -> None:
    """Say who works: a handle that is this process and never another one, where the system has such handles."""
    if not hasattr(os, "pidfd_open"):  # macOS
        job.sendall(LENGTH.pack(pid))
        return
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        socket.send_fds(job, [LENGTH.pack(pid)], [handle])
        os.close(handle)


def work(job: socket.socket, task: dict[str, Any]) -> None:
    """Be the child: within limits read, do and answer, then end whatever happens."""
    try:
        confine(task)
        function: Callable[..., tuple[Any, ...]] = getattr(sys.modules[task["module"]], task["function"])
        facts, *parts = function(read(job), **task["arguments"])
        header = json.dumps({"facts": facts, "sizes": [len(part) for part in parts]}).encode()
        for part in (LENGTH.pack(len(header)), header, *parts):
            job.sendall(part)
    except BaseException as error:  # noqa: BLE001 (hostile files raise everything there is, and the child must end here)
        with suppress(BaseException):
            header = json.dumps({"broke": type(error).__name__}).encode()
            job.sendall(LENGTH.pack(len(header)) + header)
    finally:
        os._exit(0)


def confine(task: dict[str, Any]) -> None:
    """Give up what the work does not need; memory in bytes, processor time in seconds."""
    from resource import RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_NPROC, setrlimit

    signal.alarm(task["seconds"] + 1)  # the asker ends it before; this is for an asker that has gone
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    walls.unreadable(wholly=False)  # else the next line is not ours to write
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    walls.unreadable()
    os.nice(5)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    limits = {
        RLIMIT_CPU: task["cpu"],
        RLIMIT_CORE: 0,
        RLIMIT_FSIZE: 0,
        RLIMIT_NPROC: 0,
        RLIMIT_AS: task["memory"],
    }
    for limit, most in limits.items():
        with suppress(OSError, ValueError):  # macOS knows no limit on memory
            setrlimit(limit, (most, most))
    walls.shut_in(walls.code(ROOT))


def read(source: socket.socket) -> bytes:
    """A message: its length, then as many bytes; EOFError when it breaks off."""
    size = LENGTH.unpack(exactly(source, LENGTH.size))[0]
    return exactly(source, size)


def exactly(source: socket.socket, size: int) -> bytes:
    """So many bytes."""
    got = source.recv(size, socket.MSG_WAITALL) if size else b""
    if len(got) < size:
        raise EOFError
    return got
