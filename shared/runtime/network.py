"""Granian's Rust core, called directly: its ASGI side, because only there can a body that does not come be
given up.

There is no event loop. What granian would hand to one (a body's next part is here, a client has taken what
was sent) is called at once, in the thread of ours in which granian says it.
"""

import importlib
import importlib.util
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from shared.telemetry.logs import adopt

BACKLOG = 1024
CONNECTIONS = 4096  # open at once; more wait in the backlog
# milliseconds for the head of a request, and for the next one where a connection is kept
HEADERS_WITHIN = 30_000


class Http1(NamedTuple):
    """Granian's settings for HTTP/1.1, by its names."""

    header_read_timeout: int = HEADERS_WITHIN
    keep_alive: bool = True
    # bytes of a head, before we see it; a body comes in parts of that size, as quickly
    max_buffer_size: int = 64 * 1024
    pipeline_flush: bool = False


class Loop:
    """Stands where granian wants an event loop."""

    call_later = create_future = create_task = None

    @staticmethod
    def call_soon(callback: Callable[[Any], None], future: Any, context: Any = None) -> None:  # noqa: ARG004 (the loop's signature)
        """Call it now."""
        callback(future)

    call_soon_threadsafe = call_soon


def granian_core() -> ModuleType:
    """Granian's extension without the package around it: its process manager costs 35 ms and 4 MiB at every
    start.

    Run as its authors run it, a manager and a worker process, it would cost 24 MiB more for the same answers.
    """
    if "granian" in sys.modules:
        return importlib.import_module("granian._granian")
    spec = importlib.util.find_spec("granian")
    if spec is None:
        raise ModuleNotFoundError("granian is not installed", name="granian")
    sys.modules["granian"] = importlib.util.module_from_spec(spec)  # a package that was never run
    try:
        return importlib.import_module("granian._granian")
    finally:
        del sys.modules["granian"]


def serve(descriptor: int, threads: int, begin: Callable[[Any], None], finished: Callable[[], None]) -> Any:
    """Call `begin` with each request, in one of `threads` threads; what ends it with `set()`, after which
    `finished` is called.

    One more thread is the network's. HTTP/1.1 without TLS: proxies speak nothing else to us, and HTTP/2 would
    let one connection ask for a hundred things.
    """
    core = granian_core()
    adopt("_granian")
    signal = core.WorkerSignal()
    signal.add_cb(finished)
    no_tls: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
    listener = core.SocketHolder(descriptor, False, BACKLOG)
    worker = core.ASGIWorker(
        1,
        (None, listener),
        None,
        1,
        8,
        threads,
        30,
        CONNECTIONS,
        "1",
        Http1(),
        None,
        False,
        None,
        *no_tls,
        (None, None),
    )
    scheduler = core.CallbackScheduler(Loop, None, None, None, None)
    scheduler._schedule_fn = begin  # noqa: SLF001 (granian's own way)
    worker.serve_mtr(scheduler, Loop, signal)
    return signal


def accept_no_more(listening: int) -> None:
    """Take in no more connections: those who share the socket do, and where nobody does, whoever calls is
    refused at once.

    Granian has no word for this and goes on asking the descriptor, so it finds another socket there, to which
    nobody connects.
    """
    with socket.create_server(("127.0.0.1", 0)) as deserted:
        deserted.setblocking(False)
        os.dup2(deserted.fileno(), listening, inheritable=False)


def is_called(port: int) -> bool:
    """Whether a connection to our port is open; granian does not tell."""
    return any(is_connection(int(each.name), port) for each in Path("/dev/fd").iterdir())


def is_connection(descriptor: int, port: int) -> bool:
    """Whether this is one, rather than a file, a way out or what listens; it may be closed while we look."""
    try:
        found = socket.socket(fileno=descriptor)
    except OSError:
        return False
    try:
        is_ours = found.family in {socket.AF_INET, socket.AF_INET6} and found.getsockname()[1] == port
        return is_ours and not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        return False
    finally:
        found.detach()
