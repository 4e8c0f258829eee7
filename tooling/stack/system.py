"""What the operating system knows of processes, ours or not; psutil is used only here."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Process(NamedTuple):
    """A process for certain: numbers are used again, a number with a time of birth is not."""

    pid: int
    created: float

    def runs(self) -> bool:
        """A zombie doesn't: it waits for a parent that may be slow to notice."""
        try:
            found = psutil.Process(self.pid)
            return bool(found.create_time() == self.created and found.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False


def process(pid: int) -> Process | None:
    """The process that has this number now."""
    try:
        return Process(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def wait_for(processes: Iterable[Process], patience: float) -> list[Process]:
    """Wait until none of them runs (they need not be our children); those that still do after `patience`
    seconds.
    """
    deadline = time.monotonic() + patience
    while left := [one for one in processes if one.runs()]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


def working_in(directory: Path, name: str) -> list[Process]:
    """Processes of that name whose working directory it is, as far as we may see."""
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            if one.name() == name and one.cwd() == str(directory):
                found.append(Process(one.pid, one.create_time()))
    return found


def listener(port: int) -> str:
    """` by nginx (process 4711)`, or nothing where the system does not tell."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
