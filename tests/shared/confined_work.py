"""What children are asked to do in the tests of confined work."""

import errno
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.sandbox import walls


def echo(data: bytes, **said: Any) -> tuple[Any, ...]:
    return {"said": said, "bytes": len(data)}, data, b""


def environment(data: bytes) -> tuple[Any, ...]:
    return (dict(os.environ),)


def take_memory(data: bytes) -> tuple[Any, ...]:
    return (len(bytearray(int(data))),)


def compute(data: bytes) -> tuple[Any, ...]:
    while data:
        pass
    return (0,)


def sleep(data: bytes) -> tuple[Any, ...]:
    time.sleep(float(data))
    return (os.getpid(),)


def crash(data: bytes) -> tuple[Any, ...]:
    os.kill(os.getpid(), int(data))
    return (0,)


def lie(data: bytes) -> tuple[Any, ...]:
    """Answer with these bytes instead of an answer, on the socket of the job."""
    for fd in range(3, 32):
        try:
            with socket.socket(fileno=os.dup(fd)) as found:
                found.sendall(data)
        except OSError:
            continue
    os._exit(0)


def reach(data: bytes, **_: Any) -> tuple[Any, ...]:
    """What becomes of each attempt to get out: the error's name, or that it went well."""
    parent, file = data.decode().split(" ", 1)
    attempts: dict[str, Callable[[], object]] = {
        "secret": lambda: Path(file).read_bytes(),
        "folder": lambda: list(Path(file).parent.iterdir()),
        "environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "memory": lambda: os.open(f"/proc/{parent}/mem", os.O_RDONLY),
        "nursery": lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY),
        "passwd": lambda: Path("/etc/passwd").read_bytes(),
        "write": lambda: Path(file + ".new").touch(),
        "tcp": lambda: socket.create_connection(("127.0.0.1", 9), 1),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "unix": lambda: socket.socket(socket.AF_UNIX),
        "program": lambda: os.execv("/bin/true", ["true"]),
        "code": lambda: Path(walls.__file__).read_bytes(),
    }
    return {name: outcome(attempt) for name, attempt in attempts.items()}, b""


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"
