"""One process that answers HTTP: granian's Rust core calls our function directly, in a few threads, without a
second process.

FUNCTION_TARGET=list-listings PORT=8080 WORKER_THREADS=4 python -m shared.runtime.server
FUNCTION_TARGET=core WORKER_THREADS=32 python -m shared.runtime.server              # all of a service
FUNCTION_TARGET=all WORKER_THREADS=64 WORKERS=2 python -m shared.runtime.server     # all, in two processes
"""

import atexit
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from shared.errors import Busy, Problem
from shared.kit.forwarded import client_address
from shared.kit.http import LIVE, OK, Lasting, Request, Response
from shared.runtime import network
from shared.runtime.exchange import Exchange, with_body
from shared.runtime.request_body import SMALL, Body, Held, Room

Handle = Callable[[Request], Response]
GRACE = 20.0
LEAVE = 2.0  # seconds in which answers end connections, before we do
LOOK = 0.05
SPARE = 1  # threads beside those that run functions: one takes requests in and says that we live
WAITING = 512  # requests that wait for a thread
# seconds in which the spare thread leaves requests to those that run functions, while these get on
PAUSE = 0.005
OPEN = 0.02  # of each second, in which it leaves nothing
ROOM = 256 * 1024 * 1024  # bytes of bodies at once, where nothing limits our memory
UNSENT = 60_000  # milliseconds until a client that takes nothing is gone
TELEMETRY = (("shared.telemetry.otlp", "exporter"), ("shared.telemetry.error_reports", "reporter"))
log = logging.getLogger("heidi.server")


class Server:
    """Listens at once, answers from `start` on, and lets what is under way finish when it stops.

    `limit` says how many bytes a request's body may have. Functions run in `threads` threads; a body is
    waited for in none.
    """

    def __init__(
        self,
        handle: Handle,
        host: str,
        port: int,
        threads: int,
        limit: Callable[[Request], int] = lambda _: SMALL,
        listening: socket.socket | None = None,
    ) -> None:
        """Take the port; OSError when it is taken. Port 0 takes any that is free. Or listen where somebody
        else listens, too.
        """
        self.handle, self.limit = handle, limit
        self.slots, self.room = Slots(threads), Room(room_for_bodies())
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.is_alone, self.is_leaving = listening is None, False
        self.socket = listening or socket.create_server((host, port), family=family, backlog=network.BACKLOG)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT)  # connections inherit it
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        self.finished = threading.Event()
        self.lasting: dict[Lasting, bool] = {}

    def start(self) -> None:
        """Answer requests, in granian's threads; returns at once."""
        more_files()
        self.listening = self.socket.detach()
        self.signal = network.serve(self.listening, self.slots.free + SPARE, self.begin, self.finished.set)

    def take_leave(self) -> None:
        """Let answers end the connections: one that is closed without an answer may be one on which somebody
        has just asked.

        Alone, go on taking them in for a while: whoever sends us calls may hear late that we leave.
        """
        self.is_leaving = True
        for body in list(self.lasting):
            body.end()
        if self.is_alone:
            self.linger()
        network.accept_no_more(self.listening)
        self.linger()

    def linger(self) -> None:
        """Until nobody is connected; not for long."""
        until = time.monotonic() + LEAVE
        while time.monotonic() < until and network.is_called(self.port):
            time.sleep(LOOK)

    def stop(self, grace: float = GRACE) -> bool:
        """Close what is idle, take no more requests; whether those under way were finished within `grace`
        seconds.
        """
        self.signal.set()
        return self.finished.wait(grace)

    def run(
        self, ended: Callable[[], None] = lambda: None, started: Callable[[], None] = lambda: None
    ) -> None:
        """Serve until SIGTERM or SIGINT; `started` is called when we answer, `ended` before the last requests
        are waited for.
        """
        told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: told.set())
        self.start()
        start_telemetry()
        started()
        told.wait()
        self.take_leave()
        ended()
        is_done = self.stop()
        last_words()
        leave(is_tidy=is_done)

    def begin(self, watcher: Any) -> None:
        """One request, as granian's core brings it; its body may still be on its way."""
        try:
            exchange = Exchange(watcher)
            if flaw := exchange.flaw():
                self.refuse(exchange, flaw)
            elif exchange.request.path in LIVE and exchange.request.method == "GET":
                self.respond(exchange, Response(200, OK))
            elif exchange.has_body:
                self.read(exchange)
            else:
                self.queue(exchange)
        except Exception:  # granian would not notice
            log.exception("a request could not be taken in")
            watcher.done()

    def read(self, exchange: Exchange) -> None:
        """Let the body come; one that is too large is left to the function, which says so."""
        declared = exchange.declared
        limit = SMALL if declared is not None and declared <= SMALL else self.limit_of(exchange.request)
        if declared is not None and declared > limit:
            exchange.unread = True
            self.queue(exchange)
            return

        def whole(body: bytes, is_cut: bool) -> None:  # noqa: FBT001 (one callback, two values)
            with_body(exchange, body, unread=is_cut and declared is None)
            self.queue(exchange)

        def refuse(problem: Problem) -> None:
            exchange.unread = isinstance(problem, Busy)  # its sender may be well-meaning
            self.refuse(exchange, problem)

        exchange.held = Held(self.room, client_address(exchange.request), declared)
        Body(
            exchange.protocol, limit + 1 if declared is None else declared, exchange.held, whole, refuse
        ).read_on()

    def limit_of(self, request: Request) -> int:
        """How many bytes its body may have; none of a request that is wrong anyway."""
        try:
            return self.limit(request)
        except Problem:
            return 0

    def queue(self, exchange: Exchange) -> None:
        """Call the function, now or when others are done."""
        if not self.slots.run(lambda: self.answer(exchange)):
            exchange.let_go()
            self.refuse(exchange, Busy())

    def answer(self, exchange: Exchange) -> None:
        """Call the function."""
        try:
            response = self.handle(exchange.request)
            if isinstance(response.body, Lasting):
                self.respond_apart(exchange, response, response.body)
            else:
                self.respond(exchange, response)
        except Exception:
            log.exception("an answer could not be given")
            exchange.break_off()
        finally:
            exchange.let_go()

    def respond_apart(self, exchange: Exchange, response: Response, body: Lasting) -> None:
        """Answer in a thread of its own, so that what goes on holds none of those that run functions."""

        def send() -> None:
            try:
                self.respond(exchange, response)
            except Exception:
                log.exception("an answer that went on was broken off")
                exchange.break_off()
            finally:
                body.close()
                self.lasting.pop(body, None)

        self.lasting[body] = True
        threading.Thread(target=send, name="lasting", daemon=True).start()

    def respond(self, exchange: Exchange, response: Response) -> None:
        """Answer; for the last time on this connection, when we are about to end."""
        exchange.is_last = self.is_leaving
        exchange.respond(response)

    def refuse(self, exchange: Exchange, problem: Problem) -> None:
        """Say no without calling the function, and listen no longer."""
        from shared.runtime.problem_details import refusal
        from shared.telemetry import access_log

        exchange.is_last = True
        exchange.respond(refusal(problem, exchange.request))
        access_log.call(exchange.request, "", problem.status, time.perf_counter(), problem)


class Slots:
    """So many at once; who comes later waits, in the order of coming."""

    def __init__(self, count: int) -> None:
        self.free, self.get_on = count, False
        self.waiting: deque[Callable[[], None]] = deque()
        self.changing = threading.Lock()

    def run(self, work: Callable[[], None]) -> bool:
        """Do it, and what has been waiting meanwhile, or let it wait; False when too much waits already."""
        with self.changing:
            is_free = self.free > 0
            self.free -= is_free
            if not is_free:
                if len(self.waiting) >= WAITING:
                    return False
                self.waiting.append(work)
        if is_free:
            self.work(work)
        else:
            self.pause()
        return True

    def work(self, work: Callable[[], None] | None) -> None:
        """One after the other, until none waits."""
        while work:
            try:
                work()
            except BaseException:
                log.exception("a request was broken off")
            with self.changing:
                self.get_on = True
                work = self.waiting.popleft() if self.waiting else None
                self.free += work is None

    def pause(self) -> None:
        """Take in no more for a moment, unless nothing was done since the last one.

        Those that run functions do that themselves when they are done, without handing anything over
        (bench/http_cost.py). At the beginning of each second all that has come is taken in: what is too much
        is refused, and probes are answered.
        """
        if self.get_on and time.monotonic() % 1 > OPEN:
            self.get_on = False
            time.sleep(PAUSE)


def room_for_bodies() -> int:
    """A quarter of our memory."""
    from shared.telemetry.metrics import memory_limit

    limit = memory_limit()
    return limit // 4 if limit else ROOM


def more_files() -> None:
    """A connection is a file, and many systems allow a process only 1,024 of them until it asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = network.CONNECTIONS * 2 if hard == resource.RLIM_INFINITY else min(hard, network.CONNECTIONS * 2)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def start_telemetry() -> None:
    """Send numbers from now on, where nobody can come and read them."""
    if os.environ.get("OTEL_METRICS_EXPORTER") == "otlp":
        from shared.telemetry import otlp

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
    logging.shutdown()  # writes the lines that wait


def leave(*, is_tidy: bool) -> NoReturn:
    """End the process here. Granian's threads outlive `stop` for a moment, and those that come back for
    Python while it is taken apart abort the process, with words on standard error that are no line of ours; a
    handler that hangs would be waited for.
    """
    if is_tidy:
        atexit._run_exitfuncs()  # noqa: SLF001 (os._exit runs none of them)
    sys.stdout.flush()
    os._exit(0)


def number(name: str, default: int) -> int:
    """A whole number from the environment; SettingsError when it is none."""
    from shared.kit.settings import SettingsError

    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} is {text!r}: it must be a whole number.")
    return int(text)


def main() -> int:
    """Serve what FUNCTION_TARGET names: a function, all of a service, or `all`; 1 with a sentence when that is
    not possible.
    """
    gc.disable()  # nothing that is loaded now is garbage later
    # looking for plugins that nobody has installed takes 15 ms
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # as process 1 of a container we would not end by ourselves
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from shared.kit.settings import SettingsError
    from shared.runtime.entry import NoSuchFunction, is_several, load

    try:
        target = os.environ.get("FUNCTION_TARGET")
        if not target:
            raise SettingsError(
                "Set FUNCTION_TARGET to the name of a function, of a service, or to `all`; `heidi functions list` "
                "shows all."
            )
        host, port = os.environ.get("HOST") or "0.0.0.0", number("PORT", 8080)  # noqa: S104 (a container is called from outside)
        if is_several(target):
            from shared.runtime.gateway import assembly

            return assembly.serve(target, host, port)
        function = load(target)
        server = Server(function, host, port, number("WORKER_THREADS", 4), function.body_limit)
    except (NoSuchFunction, SettingsError) as error:
        print(error, file=sys.stderr)  # noqa: T201 (a program's own output)
        return 1
    except OSError as error:
        print(  # noqa: T201 (a program's own output)
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
