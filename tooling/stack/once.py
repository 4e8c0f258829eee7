"""Run one service as long as a `with` block lasts; what the tests use instead of the supervisor."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tooling.command_failed import CommandFailed
from tooling.stack import processes
from tooling.stack.service import Service


@contextmanager
def running(service: Service, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Started and ready inside the block, stopped after it; a CommandFailed if it doesn't get ready."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{service.name}.log"
    start = processes.size(log)
    process = processes.spawn(service, log)
    try:
        wait(service, process, log, start)
        yield process
    finally:
        processes.end(process, service.stop, service.patience)


def wait(service: Service, process: subprocess.Popen[bytes], log: Path, start: int) -> None:
    """Poll until it is ready."""
    deadline = time.monotonic() + service.patience
    while not service.ready(process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandFailed(f"{service.title} did not start: {processes.why(log, start)}")
        time.sleep(0.02)
