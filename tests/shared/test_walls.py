"""A child that a file has taken over: what it can open and whom it can call is asked in the child itself."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.sandbox import walls
from shared.sandbox.confined import MIB, NURSERIES, Work, run, the_nursery

REACH = Work("tests.shared.confined_work", "reach", memory=256 * MIB, cpu=5, seconds=20)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="these walls are Linux's")
NOBODY = 65534
LOOKED_AT = """
import json, os, sys
from shared.sandbox import walls
if os.getuid() == 0:
    os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
def seen():
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, b"read" if open(f"/proc/{{os.getppid()}}/environ", "rb").read() else b"empty")
        except OSError as error:
            os.write(writing, type(error).__name__.encode())
        os._exit(0)
    os.wait()
    return os.read(reading, 100).decode()
walls.unreadable(wholly=False)
before = seen()
walls.unreadable()
print(json.dumps([before, seen()]))
"""


@pytest.mark.skipif("landlock" in walls.missing(), reason="this kernel has no Landlock")
def test_a_child_reads_no_secret_and_looks_into_nobody(tmp_path: Path) -> None:
    secret = tmp_path / "jwt-secret"
    secret.write_text("a mounted secret", encoding="ascii")
    [found, _] = run(REACH, f"{os.getpid()} {secret}".encode())
    refused = ("secret", "folder", "environment", "memory", "nursery", "passwd", "write")
    assert {name: found[name] for name in refused} == dict.fromkeys(refused, "EACCES")
    assert found["code"] == "done"
    assert not secret.with_name("jwt-secret.new").exists()


@pytest.mark.skipif("seccomp" in walls.missing(), reason="the numbers of this machine's calls are not known")
def test_a_child_calls_nobody_and_starts_nothing(tmp_path: Path) -> None:
    [found, _] = run(REACH, f"{os.getpid()} {tmp_path / 'x'}".encode())
    assert {name: found[name] for name in ("tcp", "udp", "unix", "program")} == dict.fromkeys(
        ("tcp", "udp", "unix", "program"), "EPERM"
    )


@on_linux
def test_a_process_is_closed_to_others_of_its_user() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOKED_AT.format(nobody=NOBODY)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(walls.__file__).parents[2],
    )
    assert json.loads(done.stdout) == ["read", "PermissionError"]


@on_linux
def test_what_a_system_lacks_is_said_once_and_the_work_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    the_nursery(os.getpid()).forget()
    monkeypatch.setattr(walls, "missing", lambda: ["landlock"])
    with caplog.at_level(logging.INFO, "heidi.confined"):
        for _ in range(3):
            run(Work("tests.shared.confined_work", "echo", memory=256 * MIB, cpu=5, seconds=20), b"x")
    assert [record.levelname for record in caplog.records if "wall" in record.message] == ["INFO"]
    NURSERIES[os.getpid()].forget()
