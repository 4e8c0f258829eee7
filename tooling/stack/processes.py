"""Start and stop child processes such that none outlives its parent, not even a parent that was killed with
-9.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tooling.stack import launch
from tooling.stack.accounts import Account
from tooling.stack.service import Service

# in the line that says why
TELLING = ("FATAL", "PANIC", "Fatal", "Bad file format", "[Errno", "No space left")
# PostgreSQL's time, Redis's time
PREFIX = re.compile(r"^\d{4}-\d\d-\d\d \S+ UTC \[\d+\] |^\d+:[A-Z] .{10,30}? [.*#-] ")


def spawn(service: Service, log: Path) -> subprocess.Popen[bytes]:
    """In a session of its own: Ctrl-C reaches only us, and its descendants can be signalled as one group."""
    service.before()
    with log.open("ab") as output:
        return subprocess.Popen(
            launched(service.command, service.stop, service.account),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=service.directory,
            env=service.full_environment(),
            start_new_session=True,
        )


def launched(command: Sequence[str], number: signal.Signals, account: Account | None) -> list[str]:
    """The command, to be run as that account and sent the signal when this process is gone."""
    who = (str(account.uid), str(account.gid)) if account else ("-", "-")
    return [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(number)), *who, *command]


def signal_group(leader: int, number: signal.Signals) -> None:
    """To the process and those it started; no complaint if they are gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def signal_one(pid: int, number: signal.Signals) -> None:
    """To the process alone; no complaint if it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def end(process: subprocess.Popen[bytes], number: signal.Signals, patience: float) -> None:
    """Ask it to stop, wait, and then insist; its descendants go with it."""
    process.send_signal(number)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
    signal_group(process.pid, signal.SIGKILL)


def why(log: Path, start: int) -> str:
    """The line of the log, written since `start`, that most likely says why the process stopped."""
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = [
                line.strip()
                for line in file.read(1_000_000).decode(errors="replace").splitlines()
                if line.strip()
            ]
    except OSError:
        lines = []
    loud = [line for line in lines if any(word in line for word in TELLING)]
    return PREFIX.sub("", (loud or lines or ["it printed nothing"])[-1])


def size(log: Path) -> int:
    """Where the next run's output will begin."""
    try:
        return log.stat().st_size
    except OSError:
        return 0
