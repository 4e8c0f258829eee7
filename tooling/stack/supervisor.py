"""Start services, keep them alive, stop them in order."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from tooling.command_failed import CommandFailed
from tooling.stack import logs, processes, records
from tooling.stack.home import Home
from tooling.stack.ports import port
from tooling.stack.progress import Reporter
from tooling.stack.service import Service

EVERY = 0.02  # seconds between two looks while starting or stopping
WATCH_EVERY = 0.1  # … while all is well
TIDY_EVERY = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
STABLE = 10.0  # seconds after which a restarted child counts as well again


class Stopped(Exception):
    """Somebody asked us to stop before we were ready."""


@dataclass(slots=True)
class Child:
    """A service and its present process."""

    service: Service
    process: subprocess.Popen[bytes] | None
    log_start: int
    started: float
    restarts: int = 0
    failures: int = 0
    next_try: float = 0.0
    ready: bool = False
    followed: int = 0


@dataclass(slots=True)
class Supervisor:
    """The parent of every process of the stack."""

    home: Home
    report: Reporter
    stopping: threading.Event = field(default_factory=threading.Event)
    hurry: bool = False
    children: dict[str, Child] = field(default_factory=dict)

    def listen(self) -> None:
        """Signals end it in order; a second one in a hurry."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.asked)

    def asked(self, _number: int, _frame: FrameType | None) -> None:
        """A signal came."""
        self.hurry = self.stopping.is_set()
        self.stopping.set()

    def pause(self, seconds: float) -> None:
        """Wait a little; Stopped if somebody asked for it."""
        self.report.tick()
        if self.stopping.wait(seconds):
            raise Stopped

    def start(self, services: Iterable[Service]) -> None:
        """All at once; `wait` tells when they are ready."""
        for service in services:
            self.report.begin(service.title)
            log = self.home.log(service.name)
            start = processes.size(log)
            child = Child(service, processes.spawn(service, log), start, time.monotonic())
            child.followed = followed(service)
            self.children[service.name] = child
            self.record(child)

    def wait(self, names: Iterable[str]) -> None:
        """Until each is ready; a CommandFailed with its own last words if one stops or takes too long."""
        wanted = [self.children[name] for name in names if name in self.children]
        self.look()
        while not all(child.ready for child in wanted):
            self.pause(EVERY)
            self.look()

    def look(self) -> None:
        """At every child that is still starting."""
        for child in self.children.values():
            if not child.ready and self.is_ready(child):
                self.now_ready(child)
                self.report.done(child.service.title)

    def is_ready(self, child: Child) -> bool:
        """Ask it, unless it is past asking."""
        assert child.process is not None  # noqa: S101 (for the type checker: it was started)
        service = child.service
        if child.process.poll() is not None:
            words = processes.why(self.home.log(service.name), child.log_start)
            raise CommandFailed(f"{service.title} did not start: {words}\n{service.trouble}")
        if service.ready(child.process.pid):
            return True
        if time.monotonic() - child.started > service.patience:
            raise CommandFailed(
                f"{service.title} was not ready after {service.patience:.0f} s.\n{service.trouble}"
            )
        return False

    def run(self, title: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
        """A command that ends by itself; its last line is shown while it works, and told if it fails. What it
        printed.
        """
        name = title.lower().replace(" ", "-")
        log = self.home.log(name)
        job = Service(
            name=name, title=title, command=command, ready=lambda _pid: False, environment=environment
        )
        self.report.begin(title)
        start = processes.size(log)
        process = processes.spawn(job, log)
        said = ""
        try:
            while process.poll() is None:
                if (line := logs.last_line(log, start)) != said:
                    self.report.note(title, said := line)
                self.look()
                self.pause(EVERY)
        finally:
            processes.end(process, signal.SIGTERM, job.patience)
        if process.returncode != 0:
            raise CommandFailed(
                f"{title} failed: {processes.why(log, start)}\nIts log says more: ./heidi logs {name}"
            )
        self.report.done(title)
        return logs.since(log, start)

    def watch(self) -> None:
        """Until asked to stop: start again what has died, after a pause that grows while it keeps dying."""
        tidied = time.monotonic()
        while not self.stopping.wait(WATCH_EVERY):
            for child in self.children.values():
                self.look_after(child)
            if time.monotonic() - tidied > TIDY_EVERY:
                logs.shorten(self.home)
                tidied = time.monotonic()

    def look_after(self, child: Child) -> None:
        """One look at one child."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.next_try:
                self.revive(child)
        elif (code := child.process.poll()) is not None:
            processes.signal_group(child.process.pid, signal.SIGKILL)  # workers it left would keep its port
            words = (
                f": {processes.why(self.home.log(child.service.name), child.log_start)}" if code > 0 else ""
            )
            self.postpone(child, f"{child.service.title} stopped ({how(code)}{words})")
        elif not child.ready and child.service.ready(child.process.pid):
            self.now_ready(child)
        elif child.ready and child.followed != followed(child.service):
            self.report.say(
                f"{time.strftime('%H:%M:%S')}  {child.service.title} begins anew with the changed code."
            )
            child.followed = followed(child.service)
            processes.signal_one(child.process.pid, child.service.stop)
        elif child.failures and now - child.started > STABLE:
            child.failures = 0

    def postpone(self, child: Child, what: str) -> None:
        """Note when to try again."""
        pause = min(FIRST_PAUSE * 2**child.failures, LONGEST_PAUSE)
        child.process, child.failures, child.next_try = None, child.failures + 1, time.monotonic() + pause
        child.ready = False
        self.record(child)
        self.report.say(f"{time.strftime('%H:%M:%S')}  {what}; starting it again.")

    def revive(self, child: Child) -> None:
        """Try once."""
        log = self.home.log(child.service.name)
        child.log_start, child.started, child.restarts = (
            processes.size(log),
            time.monotonic(),
            child.restarts + 1,
        )
        try:
            child.followed = followed(child.service)
            child.process = processes.spawn(child.service, log)
        except (CommandFailed, OSError) as trouble:
            self.postpone(child, f"{child.service.title} cannot start ({trouble})")
        else:
            self.record(child)

    def now_ready(self, child: Child) -> None:
        """It answers for the first time since it was started."""
        child.ready = True
        self.record(child)

    def record(self, child: Child) -> None:
        """For `status`, and for the next `up` if we are killed."""
        service, pid = child.service, child.process.pid if child.process else 0
        ports = {variable: port(variable) for variable in service.ports}
        record = records.Record.of(
            service.name, service.title, pid, service.stop, ports, child.restarts, ready=child.ready
        )
        with suppress(OSError):  # a full disk must not take down what still works
            record.write(self.home)

    def stop(self) -> None:
        """The last started first, those that were started together at the same time."""
        for tier in (("gateway", "broker"), ("thirdparty",), ("redis", "postgres")):
            self.stop_together([child for name in tier if (child := self.children.get(name))])

    def stop_together(self, children: Sequence[Child]) -> None:
        """Ask all, wait for all, then insist."""
        alive = [(child.service, child.process) for child in children if child.process]
        for service, process in alive:
            processes.signal_one(process.pid, service.stop)
        for service, process in alive:
            deadline = time.monotonic() + service.patience
            while process.poll() is None and time.monotonic() < deadline and not self.hurry:
                time.sleep(EVERY)
            processes.signal_group(process.pid, signal.SIGKILL)
            process.wait()
            records.forget(self.home, service.name)


def followed(service: Service) -> int:
    """The time of the file that it follows."""
    try:
        return service.follows.stat().st_mtime_ns if service.follows else 0
    except OSError:
        return 0


def how(code: int) -> str:
    """An exit code as Popen gives it, in words."""
    names = {number.value: number.name for number in signal.Signals}
    return f"exit code {code}" if code >= 0 else names.get(-code, f"signal {-code}")
