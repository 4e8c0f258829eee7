"""Walls around a process that reads hostile files, by Linux itself: it opens our code and nothing else, and
calls nobody.

Three of them, each for what the others leave open. Landlock refuses every file but those it is told of. A
seccomp filter refuses what makes sockets, runs programs or looks into processes. Who is not dumpable is
closed to other processes of the same user. None needs a privilege. Elsewhere, and where a kernel or a
container has them switched off, there are none: `missing` says so.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

SET_DUMPABLE, SET_SECCOMP, SET_NO_NEW_PRIVS = 4, 22, 38  # prctl(2)
FILTER = 2  # seccomp(2): SECCOMP_MODE_FILTER
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # landlock(7), on all machines
VERSION, BENEATH = 1, 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
KINDS = {1: 13, 2: 14, 3: 15, 5: 16}  # of access to files, that a version of Landlock knows, and TCP, and
TCP, SCOPES = (4, 0b11), (6, 0b11)  # abstract sockets and signals: since which, and all of them
# seccomp's mark, then socket, connect, ptrace, process_vm_readv, process_vm_writev, execve, execveat
MACHINES = {
    "x86_64": (0xC000003E, (41, 42, 101, 310, 311, 59, 322)),
    "aarch64": (0xC00000B7, (198, 203, 117, 270, 271, 221, 281)),
}
ON_ALL = (425, 438)  # io_uring_setup, pidfd_getfd
X32 = 0x40000000  # from here the calls of x86_64 have second numbers
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000  # EPERM
SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/urandom",
)


def unreadable(*, wholly: bool = True) -> None:
    """Close this process to others of its user: its memory, its environment, its open files (proc(5)); or
    open it again.
    """
    if sys.platform == "linux":
        libc().prctl(SET_DUMPABLE, int(not wholly), 0, 0, 0)


def shut_in(readable: Iterable[str]) -> None:
    """From now on this process and its children read these files and folders, write none, and call nobody.
    For good.
    """
    if sys.platform == "linux":
        libc().prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        open_nothing_but(readable)
        call_nobody()


def missing() -> list[str]:
    """The walls that there are not here."""
    here = sys.platform == "linux"
    return [
        name
        for name, stands in (("landlock", here and landlock()), ("seccomp", here and machine()))
        if not stands
    ]


def code(root: str) -> list[str]:
    """What Python reads: its own files, the libraries', and of `root` our code; secrets and data may lie
    beside it.
    """
    ours = [f"{root}/{room}" for room in ("functions", "shared", "events")]
    libraries = [path for path in sys.path if path and path != root]
    return [*ours, *libraries, *os.environ.get("LD_LIBRARY_PATH", "").split(":"), *SYSTEM]


def open_nothing_but(readable: Iterable[str]) -> None:
    """Landlock: nothing where the kernel has none."""
    version = landlock()
    if not version:
        return
    files = (1 << max(kinds for since, kinds in KINDS.items() if version >= since)) - 1
    network, scopes = (all_of if version >= since else 0 for since, all_of in (TCP, SCOPES))
    attributes = struct.pack("=QQQ", files, network, scopes)
    rules = call(CREATE_RULESET, attributes, len(attributes), 0)
    for path in readable:
        with suppress(OSError):  # not everything is on every system
            there = os.open(path, os.O_PATH | os.O_CLOEXEC)
            may = READ_FILE | READ_DIR if Path(path).is_dir() else READ_FILE
            call(ADD_RULE, rules, BENEATH, struct.pack("=Qi", may, there), 0)
            os.close(there)
    call(RESTRICT_SELF, rules, 0)
    os.close(rules)


def call_nobody() -> None:
    """Seccomp: nothing on a machine whose numbers we do not know."""
    mark, numbers = machine() or (0, ())
    refused = (*numbers, *ON_ALL)
    tests = [(AT_LEAST, len(refused) + 1, 0, X32)]
    tests += [(EQUAL, len(refused) - place, 0, number) for place, number in enumerate(refused)]
    lines = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, mark),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        *tests,
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    if mark:
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
        libc().prctl(SET_SECCOMP, FILTER, struct.pack("@HP", len(lines), ctypes.addressof(program)), 0, 0)


@lru_cache
def landlock() -> int:
    """Which version of Landlock there is; 0 for none."""
    with suppress(OSError):
        return call(CREATE_RULESET, None, 0, VERSION)
    return 0


def machine() -> tuple[int, tuple[int, ...]] | None:
    """Seccomp's mark and the numbers of the calls that are refused, where we know them."""
    return MACHINES.get(platform.machine())


def call(number: int, *arguments: bytes | int | None) -> int:
    """A system call that the C library has no name for."""
    words = [
        word if isinstance(word, bytes) else None if word is None else ctypes.c_long(word)
        for word in arguments
    ]
    answer = int(libc().syscall(ctypes.c_long(number), *words))
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer


@lru_cache
def libc() -> ctypes.CDLL:
    """The C library."""
    found = ctypes.CDLL(None, use_errno=True)
    found.syscall.restype = ctypes.c_long
    return found
