"""Bring the whole stack up, here or in the background, and tell how it goes."""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

from tooling.command_failed import CommandFailed, failure_of
from tooling.stack import growth, ports, processes, records, renewal
from tooling.stack.environment import environment
from tooling.stack.home import ROOT, Home
from tooling.stack.progress import Pipe, Reporter, Terminal, replay
from tooling.stack.services import FOUNDATION, Services
from tooling.stack.state import State
from tooling.stack.steps import Steps
from tooling.stack.supervisor import Stopped, Supervisor
from tooling.stack.welcome import welcome


def in_foreground() -> None:
    """Until Ctrl-C."""
    home, report = Home.here(), Terminal()
    home.prepare()
    if renewed(home, report):
        return
    try:
        with records.holding(home):
            supervise(home, report, report.say)
    except records.AlreadyRunning:
        report.say(already_running(home))


def in_background() -> None:
    """Returns when everything is ready; the supervisor lives on in a process of its own."""
    home, report = Home.here(), Terminal()
    home.prepare()
    if renewed(home, report):
        return
    read_end, write_end = os.pipe()
    log_start = processes.size(home.log(records.SUPERVISOR))
    with home.log(records.SUPERVISOR).open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "tooling.stack", str(write_end)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[write_end],
            start_new_session=True,
        )
    os.close(write_end)
    try:
        if not listen(read_end, report):
            words = processes.why(home.log(records.SUPERVISOR), log_start)
            raise CommandFailed(
                f"The supervisor broke off: {words}\nIts log says more: ./heidi logs {records.SUPERVISOR}"
            )
    except KeyboardInterrupt:
        processes.signal_one(daemon.pid, signal.SIGTERM)
        daemon.wait()
        raise
    finally:
        report.settle()


def listen(read_end: int, report: Reporter) -> bool:
    """Show what the supervisor reports; True when it is ready, False if it falls silent, a CommandFailed if
    it has one.
    """
    for line in lines_of(read_end, report.tick):
        name, text = json.loads(line)[:2]
        if name == "problem":
            raise CommandFailed(text)
        if name == "ready":
            report.settle()
            report.say(text)
            return True
        replay(line, report)
    return False


def lines_of(read_end: int, tick: Callable[[], None]) -> Iterator[str]:
    """Lines from the pipe until its end, with a tick while nothing comes."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(read_end, selectors.EVENT_READ)
        while True:
            tick()
            if selector.select(0.05):
                if not (chunk := os.read(read_end, 65536)):
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode() for line in lines)


def as_daemon(write_end: int) -> None:
    """The supervisor's side of `in_background`."""
    home, pipe = Home.here(), Pipe(write_end)

    def ready(text: str) -> None:
        pipe.send("ready", text)
        pipe.close()

    try:
        with records.holding(home):
            supervise(home, pipe, ready)
    except records.AlreadyRunning:
        pipe.send("problem", already_running(home))
    except CommandFailed as problem:
        pipe.send("problem", str(problem))
    except OSError as error:
        pipe.send("problem", str(failure_of(error) or error))
        raise


def supervise(home: Home, report: Reporter, ready: Callable[[str], None]) -> None:
    """Everything from the first process to the last; returns when asked to stop, with all of them stopped."""
    supervisor = Supervisor(home, report)
    supervisor.listen()
    try:
        start(supervisor)
        report.settle()
        ready(welcome(home))
        supervisor.watch()
        report.say("Stopping …")
    except Stopped:
        report.settle()
        report.say("Stopping before everything was ready …")
    finally:
        report.settle()
        supervisor.stop()
        records.clear(home)


def start(supervisor: Supervisor) -> None:
    """Servers and third parties at the same time, then the steps, then our own."""
    home = supervisor.home
    state = State.ensure(home.state)
    settings = environment(state)
    for title in records.end_orphans(home):
        supervisor.report.say(f"{title} was still running from a supervisor that was killed; stopped it.")
    records.introduce(home, settings)
    services = Services.plan(home, state, settings)
    ports.require_free(services.ports())
    supervisor.start(services.named(*FOUNDATION))
    supervisor.wait(["postgres"])
    steps = Steps(supervisor, state, services.postgres, settings)
    steps.lay()
    supervisor.wait(["redis"])
    supervisor.start([service for service in services.all if service.name not in FOUNDATION])
    supervisor.wait([service.name for service in services.all if service.name not in {"postgres", "redis"}])
    steps.finish()


def renewed(home: Home, report: Reporter) -> bool:
    """For the second `up`: new migrations run, and what runs code of before is started again. False where
    nothing runs yet.
    """
    if not records.is_held(home):
        return False
    report.say(already_running(home))
    growth.bring_in(home, report)
    if old := renewal.stale(home):
        report.say(f"The code has changed since: starting {', '.join(old)} again …")
        for name in old:
            renewal.restart(home, name)
        report.say("Done.")
    return True


def already_running(home: Home) -> str:
    """Who is it, and what can be done."""
    pid = next((record.pid for record in records.read(home) if record.name == records.SUPERVISOR), None)
    who = f" (process {pid})" if pid else ""
    return f"HEIDI is already running{who}. See ./heidi status; ./heidi down stops it."
