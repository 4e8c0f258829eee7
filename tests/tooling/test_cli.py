"""The command line: help that teaches, and no traceback for what a person can mend."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tooling.cli.__main__ import app
from tooling.cli.table import duration
from tooling.stack import control
from tooling.stack.home import ROOT

RUNNER = CliRunner()
COMMANDS = (
    ["up"],
    ["down"],
    ["restart"],
    ["status"],
    ["logs"],
    ["reset"],
    ["seed"],
    ["test"],
    ["migrate"],
    ["functions", "list"],
    ["functions", "show"],
    ["invoke"],
    ["serve"],
    ["generate"],
    ["events", "list"],
    ["events", "dead"],
    ["events", "replay"],
    ["demo"],
    ["welcome"],
    ["keys", "new"],
    ["keys", "public"],
    ["keys", "reseal"],
    ["backup"],
    ["restore"],
    ["cities", "left"],
    ["release"],
    ["rollout", "hold"],
    ["rollout", "share"],
    ["rollout", "back"],
    ["rollout", "finish"],
    ["host", "env"],
    ["host", "prepare"],
    ["cluster", "env"],
    ["cluster", "secrets"],
    ["texts"],
    ["new", "function"],
    ["new", "event"],
    ["new", "service"],
    ["new", "module"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example(command: list[str]) -> None:
    result = RUNNER.invoke(app, [*command, "--help"], prog_name="./heidi")
    assert result.exit_code == 0
    example = result.output.partition("Example: ")[2]
    assert f"./heidi {' '.join(command)}" in example


def test_no_command_is_without_a_test_of_its_help() -> None:
    group = typer.main.get_group(app)
    names = {command[0] for command in COMMANDS}
    assert set(group.commands) == names


def test_showing_the_help_imports_nothing_heavy() -> None:
    script = "import sys, tooling.cli.__main__; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"sqlalchemy", "pydantic", "psutil", "redis", "pg8000", "boto3", "tooling.registry"} & set(
        modules
    )


def test_a_problem_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tooling.cli", "logs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HEIDI_HOME": str(tmp_path)},
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "There are no logs yet: ./heidi up makes some.\n"


def test_the_version_is_the_one_of_the_project() -> None:
    result = RUNNER.invoke(app, ["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (result.exit_code, result.output) == (0, f"HEIDI {project['version']}\n")


def test_help_is_what_no_command_gets() -> None:
    assert "one small function per capability" in " ".join(RUNNER.invoke(app, []).output.split())


def test_the_status_can_be_read_by_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_HOME", str(tmp_path))
    result = RUNNER.invoke(app, ["status", "--json"])
    assert (result.exit_code, json.loads(result.output)) == (1, [])
    running = control.Row("gateway", "ready", 7, {"GATEWAY_PORT": 26000}, 1.5, 0)
    monkeypatch.setattr(control, "status", lambda _: [running])
    result = RUNNER.invoke(app, ["status", "--json"])
    assert (result.exit_code, json.loads(result.output)) == (
        0,
        [
            {
                "process": "gateway",
                "state": "ready",
                "ports": {"GATEWAY_PORT": 26000},
                "pid": 7,
                "seconds": 2,
                "restarts": 0,
            }
        ],
    )


def test_replaying_needs_to_know_what() -> None:
    for arguments in ([], ["--all", "an-id"]):
        assert RUNNER.invoke(app, ["events", "replay", *arguments]).exit_code == 2


def test_durations_are_said_as_one_says_them() -> None:
    assert [duration(seconds) for seconds in (0.4, 59.9, 60, 3599, 3600 * 3 + 720)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "3 h 12 min",
    ]
