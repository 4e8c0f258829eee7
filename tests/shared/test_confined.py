"""Work on hostile files: in a child with limits and no secrets, a few at once, and nothing but data comes
back.
"""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Busy
from shared.sandbox import confined
from shared.sandbox.confined import MIB, NURSERIES, Died, Work, run, the_nursery
from shared.sandbox.nursery import LENGTH

HERE = "tests.shared.confined_work"


def work(function: str, **limits: Any) -> Work:
    return Work(HERE, function, **({"memory": 256 * MIB, "cpu": 5, "seconds": 20} | limits))


ECHO = work("echo")


def test_facts_and_bytes_come_back() -> None:
    assert run(ECHO, b"abc", language="de") == ({"said": {"language": "de"}, "bytes": 3}, b"abc", b"")
    assert run(ECHO, b"") == ({"said": {}, "bytes": 0}, b"", b"")
    large = os.urandom(5_000_000)
    assert run(ECHO, large)[1] == large


def test_a_child_has_no_secret_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", "a secret of this process")
    the_nursery(os.getpid()).forget()
    [environment] = run(work("environment"), b"")
    assert set(environment) <= {"LANG", "MALLOC_ARENA_MAX", "LD_LIBRARY_PATH", "TZ", "LC_CTYPE"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="macOS has no limit on memory")
def test_memory_beyond_its_limit_ends_the_work_and_nothing_else() -> None:
    assert run(work("take_memory"), b"50000000") == (50_000_000,)
    with pytest.raises(Died):
        run(work("take_memory"), b"1000000000")
    assert run(ECHO, b"still here")[1] == b"still here"


def test_processor_time_beyond_its_limit_ends_the_work() -> None:
    with pytest.raises(Died):
        run(work("compute", cpu=1), b"x")


def test_whoever_sleeps_is_killed_at_the_deadline() -> None:
    with pytest.raises(Died):
        run(work("sleep", seconds=1), b"600")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_crash_is_the_files_fault(number: int) -> None:
    with pytest.raises(Died):
        run(work("crash"), str(int(number)).encode())


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"x",
        LENGTH.pack(2**63) + b"{}",
        LENGTH.pack(4) + b"null",
        LENGTH.pack(2) + b"{}",
        LENGTH.pack(9) + b"\x80\x04\x95pickle",
        LENGTH.pack(30) + b'{"facts":1,"sizes":[99999999]}',
        LENGTH.pack(24) + b'{"facts":1,"sizes":[-5]}',
        LENGTH.pack(24) + b'{"facts":1,"sizes":"ab"}',
        LENGTH.pack(15) + b'{"broke":[1,2]}',
        LENGTH.pack(30) + b'{"facts":1,"sizes":[999999999]}',
    ],
)
def test_a_child_that_was_taken_over_can_lie_but_not_reach_us(lie: bytes) -> None:
    with pytest.raises(Died):
        run(work("lie", seconds=5), lie)


def test_a_nursery_that_was_killed_is_replaced() -> None:
    run(ECHO, b"x")
    nursery = NURSERIES[os.getpid()]
    nursery.process.kill()
    nursery.process.wait()
    assert run(ECHO, b"y")[1] == b"y"
    assert NURSERIES[os.getpid()] is not nursery


def test_whoever_has_waited_too_long_is_told_so() -> None:
    narrow = work("echo", patience=0.05)
    with narrow.slots.taken(0), pytest.raises(Busy) as told:
        run(narrow, b"x")
    assert "Retry-After" in told.value.response_headers()
    assert run(narrow, b"x")


def test_processes_of_one_machine_share_the_slots() -> None:
    """Two that were made apart, as two processes make them, still are one bound: the files' locks tell."""
    one, other = work("echo", patience=0.05), work("echo", patience=0.05)
    with one.slots.taken(0), pytest.raises(Busy):
        run(other, b"x")
    assert run(other, b"x")


def test_there_are_as_many_at_once_as_cores_where_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "memory_limit", lambda: 768 * MIB)
    assert confined.as_many_as_fit(512 * MIB) == 1
    assert confined.as_many_as_fit(10_000 * MIB) == 1
    monkeypatch.setattr(confined, "memory_limit", lambda: 10**15)
    assert confined.as_many_as_fit(512 * MIB) == len(os.sched_getaffinity(0))
