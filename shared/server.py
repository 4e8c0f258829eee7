"""One process that answers HTTP: granian's Rust core calls our function directly, in a few threads, without a second process.

FUNCTION_TARGET=list-listings PORT=8080 WORKER_THREADS=4 python -m shared.server
"""

import gc
import importlib
import importlib.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from shared.http import Request, Response

Handle = Callable[[Request], Response]
BACKLOG = 1024
GRACE = 20.0
TELEMETRY = (("shared.otlp", "exporter"), ("shared.reporting", "reporter"))


class Server:
    """Listens at once, answers from `start` on, and lets what is under way finish when it stops."""

    def __init__(self, handle: Handle, host: str, port: int, threads: int) -> None:
        """Take the port; OSError when it is taken. Port 0 takes any that is free."""
        self.handle = handle
        self.threads = threads
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        self.finished = threading.Event()

    def start(self) -> None:
        """Answer requests, in granian's threads; returns at once."""
        core = granian_core()
        self.signal = core.WorkerSignal()
        self.signal.add_cb(self.finished.set)
        worker(core, core.SocketHolder(self.socket.detach(), False, BACKLOG), self.threads).serve_mtr(
            scheduler(core, self.answer), Unused, self.signal
        )

    def stop(self, grace: float = GRACE) -> bool:
        """Take no more requests; whether those under way were finished within `grace` seconds."""
        self.signal.set()
        return self.finished.wait(grace)

    def run(self, ended: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGTERM or SIGINT; `ended` is called before the last requests are waited for."""
        told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: told.set())
        self.start()
        start_telemetry()
        told.wait()
        ended()
        is_done = self.stop()
        last_words()
        if not is_done:
            os._exit(0)  # a handler hangs: Python's own way out would wait for its thread

    def answer(self, protocol: Any, scope: dict[str, Any]) -> None:
        """One request, as granian's core brings it."""
        response = self.handle(Request(scope))
        headers = list(response.headers.items())
        if response.status != 204:
            headers.append(("Content-Type", response.content_type))
        if isinstance(response.body, bytes):
            protocol.response_bytes(response.status, headers, response.body)
        else:
            protocol.response_iter(response.status, headers, Stream(response.body))


class Stream:
    """A streamed body as granian's core reads it: `__next__` on the instance, and `close` when the client has gone."""

    __slots__ = ("__next__", "close")

    def __init__(self, parts: Iterable[bytes]) -> None:
        iterator: Iterator[bytes] = iter(parts)
        setattr(self, "__next__", iterator.__next__)  # noqa: B010 (an assignment would be a method's)
        self.close = getattr(iterator, "close", lambda: None)


def start_telemetry() -> None:
    """Send numbers from now on, where nobody can come and read them."""
    if os.environ.get("OTEL_METRICS_EXPORTER") == "otlp":
        from shared import otlp

        otlp.start()


def last_words(within: float = 2.0) -> None:
    """Let telemetry that was started send what it still has, for at most so many seconds."""
    makers = [getattr(sys.modules[module], name) for module, name in TELEMETRY if module in sys.modules]
    started = [maker() for maker in makers if maker.cache_info().currsize]
    deadline = time.monotonic() + within
    for each in started:
        each.stop()
    for each in started:
        each.thread.join(max(0.0, deadline - time.monotonic()))


class Unused:
    """Stands where granian wants an event loop: only its asynchronous interfaces ever call one."""

    call_soon = call_soon_threadsafe = call_later = create_future = create_task = None


def granian_core() -> ModuleType:
    """Granian's extension without the package around it: its process manager costs 35 ms and 4 MiB at every start.

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


def worker(core: ModuleType, listener: Any, threads: int) -> Any:
    """Granian's WSGI worker: one thread for the network, `threads` for us; HTTP/1.1 and HTTP/2 without TLS."""
    no_tls: tuple[Any, ...] = (False, None, None, None, "tls1.3", None, [], False)
    return core.WSGIWorker(
        1, (None, listener), None, 1, 8, threads, 30, BACKLOG, "auto", None, None, None, *no_tls, (None, None)
    )


def scheduler(core: ModuleType, answer: Callable[[Any, dict[str, Any]], None]) -> Any:
    """What hands a request to our callable."""
    return core.CallbackScheduler(Unused, answer, None, lambda *_: None, lambda *_: None)


def number(name: str, default: int) -> int:
    """A whole number from the environment; SettingsError when it is none."""
    from shared.settings import SettingsError

    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} is {text!r}: it must be a whole number.")
    return int(text)


def main() -> int:
    """Serve the function that FUNCTION_TARGET names; 1 with a sentence when that is not possible."""
    gc.disable()  # nothing that is loaded now is garbage later
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # looking for plugins that nobody has installed takes 15 ms
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(0)
    )  # as process 1 of a container we would not end by ourselves
    from shared.entry import NoSuchFunction, load
    from shared.settings import SettingsError

    try:
        target = os.environ.get("FUNCTION_TARGET")
        if not target:
            raise SettingsError(
                "Set FUNCTION_TARGET to the name of a function; `heidi functions list` shows all."
            )
        server = Server(
            load(target),
            os.environ.get("HOST") or "0.0.0.0",  # noqa: S104
            number("PORT", 8080),
            number("WORKER_THREADS", 4),
        )
    except (NoSuchFunction, SettingsError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:
        print(
            f"Cannot listen on port {os.environ.get('PORT') or 8080} (PORT): {error.strerror}.",
            file=sys.stderr,
        )
        return 1
    gc.freeze()
    gc.enable()
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
