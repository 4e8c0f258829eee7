"""A checkout of its own for the tests of the local stack: the real command, supervisor and servers; small
servers for the rest.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tooling.stack.home import ROOT
from tooling.stack.ports import DEFAULTS, free_port

PATIENCE = 240.0
SERVICES = ("auth", "chatbot", "core")
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        pass
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["{port}"])), Handler).serve_forever()
"""
STEP = """
import pathlib
def note(name):
    with pathlib.Path(__file__).with_name(name + ".done").open("a") as file:
        file.write("once more\\n")
def side_by_side():
    note("migrate")
def seed(what):
    note("seed")
def seed_through_api(gateway):
    note("content")
def welcome():
    note("welcome")
    return "Log in as the tester"
"""
T = TypeVar("T")


def eventually(condition: Callable[[], T]) -> T:
    """Poll until the condition holds, and give what it gave; the test fails if that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return result


@dataclass
class Checkout:
    """A copy of what `./heidi up` needs, with ports of its own."""

    root: Path
    ports: dict[str, int]

    @classmethod
    def make(cls, root: Path) -> "Checkout":
        """Copied, not linked: the stack keeps its things beside the code."""
        tooling = root / "tooling"
        tooling.mkdir(parents=True)
        shutil.copytree(ROOT / "shared", root / "shared", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("__init__.py", "command_failed.py", "keys.py"):
            shutil.copy(ROOT / "tooling" / name, tooling)
        for name in ("cli", "stack"):
            shutil.copytree(ROOT / "tooling" / name, tooling / name)
        (tooling / "thirdparty").mkdir()
        shutil.copy(ROOT / "tooling" / "thirdparty" / "keys.py", tooling / "thirdparty")
        for name, port in (
            ("tooling/thirdparty", "INBOX_PORT"),
            ("broker", "BROKER_PORT"),
            ("tooling/gateway", "GATEWAY_PORT"),
        ):
            (root / name).mkdir(exist_ok=True)
            (root / name / "__init__.py").touch()
            (root / name / "__main__.py").write_text(SERVER.format(port=port))
        for name in ("migrate", "seed"):
            (tooling / f"{name}.py").write_text(STEP)
        for name in SERVICES:
            versions = root / "functions" / name / "migrations" / "versions"
            versions.mkdir(parents=True)
            (versions / "0001_first.py").touch()
        return cls(root, {variable: free_port() for variable in DEFAULTS})

    @property
    def home(self) -> Path:
        """Where `up` keeps its things."""
        return self.root / ".heidi"

    @property
    def variables(self) -> dict[str, str]:
        """Nothing of the tests' own environment but what every program needs."""
        basic = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return basic | {variable: str(port) for variable, port in self.ports.items()}

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """`./heidi …`, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "tooling.cli", *arguments],
            cwd=self.root,
            env=self.variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def heidi(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Exit code and everything it printed."""
        process = self.start(*arguments, **variables)
        output, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def up(self) -> str:
        """Started, in the background."""
        code, output = self.heidi("up", "-d")
        assert code == 0, output
        return output

    def record(self, name: str) -> dict[str, Any]:
        """What the stack notes about a process."""
        found: dict[str, Any] = json.loads((self.home / "run" / f"{name}.json").read_text())
        return found

    def kill(self, name: str) -> None:
        """As the system would when memory runs out."""
        os.kill(self.record(name)["pid"], signal.SIGKILL)

    def is_well(self) -> bool:
        """Whether `status` says so."""
        return self.heidi("status")[0] == 0

    def settings(self) -> dict[str, str]:
        """Of the running stack."""
        found: dict[str, str] = json.loads((self.home / "run" / "environment").read_text())
        return found

    def times(self, step: str) -> int:
        """How often a step was done."""
        done = self.root / "tooling" / f"{step}.done"
        return done.read_text().count("\n") if done.exists() else 0
