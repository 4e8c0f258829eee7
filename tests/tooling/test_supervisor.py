"""The supervisor with services of a few lines, so that every way of dying can be tried."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tooling.support import eventually
from tooling.command_failed import CommandFailed
from tooling.stack import records
from tooling.stack.home import Home
from tooling.stack.progress import Terminal
from tooling.stack.service import Service
from tooling.stack.services import MODULES, python
from tooling.stack.supervisor import FIRST_PAUSE, LONGEST_PAUSE, Stopped, Supervisor

LIVES = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LIVES}"
FAILS = "import sys; sys.exit('there is no coffee left')"
LEADER = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {LIVES!r}, sys.argv[1]]).pid, flush=True); {LIVES}"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    home = Home(tmp_path / ".heidi")
    home.prepare()
    made = Supervisor(home, Terminal())
    yield made
    made.hurry = True
    made.stop()


def service(directory: Path, code: str, name: str = "gateway", patience: float = 20.0) -> Service:
    """Ready as soon as its file is there."""
    mark = directory / f"{name}.ready"
    return Service(
        name=name,
        title=name.title(),
        command=[sys.executable, "-c", code, str(mark)],
        ready=lambda _pid: mark.exists(),
        patience=patience,
        before=lambda: mark.unlink(missing_ok=True),
    )


def pid_of(supervisor: Supervisor, name: str = "gateway") -> int:
    process = supervisor.children[name].process
    return process.pid if process else 0


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc/self").exists() else True
    )


def look_until(supervisor: Supervisor, pid: int, name: str = "gateway") -> None:
    """Look after the child until it has another process that is ready."""
    child = supervisor.children[name]

    def again() -> bool:
        supervisor.look_after(child)
        return child.ready and pid_of(supervisor, name) not in {0, pid}

    eventually(again)


def test_a_child_that_dies_is_started_again_and_counted(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path, LIVES)])
    supervisor.wait(["gateway"])
    first = pid_of(supervisor)
    os.kill(first, signal.SIGKILL)
    look_until(supervisor, first)
    [record] = records.read(supervisor.home)
    assert (record.restarts, record.ready, record.pid) == (1, True, pid_of(supervisor))


def test_workers_that_a_dead_child_left_behind_are_ended_before_it_starts_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start([service(tmp_path, LEADER)])
    log = supervisor.home.log("gateway")
    worker = int(eventually(log.read_text))
    supervisor.wait(["gateway"])
    os.kill(pid_of(supervisor), signal.SIGKILL)
    look_until(supervisor, pid_of(supervisor))
    eventually(lambda: not is_alive(worker))


def test_a_child_that_fails_at_start_is_reported_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start([service(tmp_path, FAILS)])
    with pytest.raises(CommandFailed, match="Gateway did not start: there is no coffee left"):
        supervisor.wait(["gateway"])


def test_a_program_that_is_not_there_is_reported_too(supervisor: Supervisor, tmp_path: Path) -> None:
    missing = Service(
        name="gateway", title="Gateway", command=[str(tmp_path / "nothing")], ready=lambda _pid: False
    )
    supervisor.start([missing])
    with pytest.raises(CommandFailed, match="nothing cannot be run: No such file"):
        supervisor.wait(["gateway"])


def test_a_child_that_is_never_ready_is_not_waited_for_for_ever(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start([service(tmp_path, "import time; time.sleep(600)", patience=0.05)])
    with pytest.raises(CommandFailed, match="was not ready after"):
        supervisor.wait(["gateway"])


def test_the_pause_grows_while_a_child_keeps_dying(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path, FAILS)])
    child = supervisor.children["gateway"]
    assert child.process is not None
    child.process.wait()
    pauses = []
    for _ in range(10):
        supervisor.postpone(child, "It stopped")
        pauses.append(child.next_try - time.monotonic())
    assert pauses[0] <= FIRST_PAUSE
    assert pauses[0] < pauses[1] < pauses[2] < pauses[-1] <= LONGEST_PAUSE


def test_while_a_child_waits_to_be_started_again_its_record_says_so(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start([service(tmp_path, LIVES)])
    supervisor.wait(["gateway"])
    os.kill(pid_of(supervisor), signal.SIGKILL)
    child = supervisor.children["gateway"]

    def noticed() -> bool:
        supervisor.look_after(child)
        return child.process is None

    eventually(noticed)
    [record] = records.read(supervisor.home)
    assert (record.pid, record.ready, record.process()) == (0, False, None)


def test_a_child_that_does_not_want_to_stop_is_killed_when_its_patience_ends(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start([service(tmp_path, STUBBORN, patience=20.0)])
    supervisor.wait(["gateway"])
    pid = pid_of(supervisor)
    supervisor.hurry = True  # a second Ctrl-C ends the patience
    supervisor.stop()
    assert not is_alive(pid)
    assert records.read(supervisor.home) == []


def test_being_asked_to_stop_ends_the_waiting(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path, "import time; time.sleep(600)")])
    supervisor.asked(signal.SIGTERM, None)
    with pytest.raises(Stopped):
        supervisor.wait(["gateway"])
    assert not supervisor.hurry
    supervisor.asked(signal.SIGTERM, None)
    assert supervisor.hurry


def test_orphans_of_a_killed_supervisor_are_ended_and_nobody_elses_process(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start([service(tmp_path, LIVES), service(tmp_path, LIVES, "broker")])
    supervisor.wait(["gateway", "broker"])
    [broker] = [record for record in records.read(supervisor.home) if record.name == "broker"]
    replace(broker, created=broker.created - 1).write(supervisor.home)  # the number is another's now
    assert records.end_orphans(supervisor.home) == ["Gateway"]
    eventually(lambda: not is_alive(pid_of(supervisor)))
    assert is_alive(pid_of(supervisor, "broker"))


def test_a_command_that_fails_is_told_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.run("Good step", [sys.executable, "-c", "print('done')"], {})
    with pytest.raises(CommandFailed, match="Bad step failed: there is no coffee left"):
        supervisor.run("Bad step", [sys.executable, "-c", FAILS], {})
    assert "done" in supervisor.home.log("good-step").read_text()


def test_only_one_supervisor_has_a_home(supervisor: Supervisor) -> None:
    with records.holding(supervisor.home):
        assert records.is_held(supervisor.home)
        with pytest.raises(records.AlreadyRunning), records.holding(supervisor.home):
            pass
    assert not records.is_held(supervisor.home)


@pytest.mark.parametrize(("said", "seconds"), [("1", 30.0), ("4", 120.0), ("", 30.0), ("many", 30.0)])
def test_a_gateway_of_several_workers_has_longer_to_be_ready(said: str, seconds: float) -> None:
    gateway = next(module for module in MODULES if module.name == "gateway")
    assert python(gateway, {"GATEWAY_WORKERS": said}, Home.here()).patience == seconds
