"""The delivery workflows: well-formed, careful with what they may do, and every command in them exists."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.commands import heidi_commands, is_accepted
from tooling.registry import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TOOLS = {"./heidi", "python3", "sudo", "kubectl", "umask", "printf", "echo", "git", "gh", "test", "number"}
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


@lru_cache(None)
def parsed(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in parsed(path)["jobs"].items():
            yield f"{path.name}: {name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in jobs():
        for step in job.get("steps", ()):
            yield name, step


def lines() -> list[str]:
    """What the steps run, line by line, without what the shell says about it."""
    return [
        line.strip().partition("   #")[0] for _, step in steps() for line in step.get("run", "").splitlines()
    ]


def test_they_are_workflows_by_githubs_own_schema() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            *map(str, WORKFLOWS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "deploy.yml", "image.yml", "release.yml"}


def test_the_order_is_lint_test_image_deploy() -> None:
    needs = {name.partition(": ")[2]: job.get("needs") for name, job in jobs() if name.startswith("ci.yml")}
    assert needs == {
        "commits": None,
        "lint": None,
        "test": "lint",
        "coverage": "lint",
        "image": "test",
        "dev": "image",
        "staging": ["image", "dev"],
    }
    released = {
        name.partition(": ")[2]: job.get("needs") for name, job in jobs() if name.startswith("release.yml")
    }
    assert released == {"version": None, "image": "version", "page": "image", "prod": "image"}


def test_the_tests_run_on_every_python_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [kind.rpartition(" ")[2] for kind in project["classifiers"] if "Python :: 3." in kind]
    assert parsed(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"


def test_each_may_do_no_more_than_it_needs() -> None:
    for path in WORKFLOWS:
        assert parsed(path)["permissions"] == {"contents": "read"}, path.name
    may_write = {name: job["permissions"] for name, job in jobs() if "permissions" in job}
    image = {"contents": "read", "packages": "write", "id-token": "write", "attestations": "write"}
    assert may_write == {
        "ci.yml: image": image,
        "image.yml: build": image,
        "release.yml: image": image,
        "release.yml: page": {"contents": "write"},
    }


def test_pull_requests_reach_neither_registry_nor_cluster() -> None:
    ci = parsed(ROOT / ".github/workflows/ci.yml")["jobs"]
    assert ci["image"]["if"] == "github.ref == 'refs/heads/main'"
    assert "pull_request_target" not in "".join(path.read_text() for path in WORKFLOWS)
    reaching = {
        name for name, job in ci.items() if job.get("secrets") or "packages" in job.get("permissions", {})
    }
    assert reaching == {"image", "dev", "staging"}


def test_nothing_that_others_write_and_no_secret_is_part_of_a_command() -> None:
    for name, step in steps():
        assert "${{" not in step.get("run", ""), name
        if any("secrets." in str(value) for value in step.get("env", {}).values()):
            assert not re.search(r"echo .*GIVEN|set -x", step["run"]), name


def test_actions_are_pinned_and_no_job_runs_for_hours() -> None:
    for name, step in steps():
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"]), (name, step["uses"])
    for name, job in jobs():
        assert "uses" in job or job["timeout-minutes"] <= 60, name


def test_the_cache_is_another_one_for_every_lock() -> None:
    keys = [step["with"]["key"] for _, step in steps() if step.get("uses", "").startswith("actions/cache@")]
    assert len(set(keys)) == 2
    assert all("hashFiles('requirements*.lock')" in key for key in keys)
    assert {path.name for path in ROOT.glob("requirements*.lock")} == {
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-image.lock",
        "requirements-installer.lock",
    }


def test_every_program_of_a_step_is_known_and_every_module_there() -> None:
    for line in lines():
        first = line.split(maxsplit=1)[0].partition("=")[0]
        assert first in TOOLS or first in {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/lint-imports"}, line
        for module in re.findall(r"python3 -m ([\w.]+)", line):
            assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
        if first.startswith(".venv/bin/"):
            assert Path(sys.executable).with_name(Path(first).name).exists(), first


def test_every_heidi_command_is_accepted() -> None:
    found = heidi_commands("\n".join(lines()))
    assert ["generate", "--check"] in found
    for command in found:
        assert is_accepted(command), command


def test_the_images_are_built_from_files_and_stages_that_exist() -> None:
    built = [
        step["with"] for _, step in steps() if step.get("uses", "").startswith("docker/build-push-action@")
    ]
    assert {each["target"] for each in built} == {"functions", "host"}
    for each in built:
        assert ROOT / each["file"] == DOCKERFILE
        assert (each["sbom"], each["provenance"], each["push"]) == (True, "mode=max", True)
        # once the Dockerfile has more than one end
        if re.search(r"^FROM .* AS runtime", DOCKERFILE.read_text(), re.MULTILINE):
            assert re.search(rf"^FROM .* AS {each['target']}$", DOCKERFILE.read_text(), re.MULTILINE), each[
                "target"
            ]


def test_the_rollout_is_what_kustomize_makes_with_the_image_by_its_digest() -> None:
    from tooling.generate.common import IMAGE

    [line] = [line for line in lines() if line.startswith("kubectl kustomize")]
    sed = line.partition("| sed -E ")[2].partition(" > ")[0].strip('"')
    script = sed.replace("$IMAGE@$DIGEST", f"{IMAGE.partition(':')[0]}@sha256:{'a' * 64}").replace(
        "$IMAGE", IMAGE.partition(":")[0]
    )
    given = f"    image: {IMAGE}\n    image: {IMAGE.partition(':')[0]}\n    image: {IMAGE.partition(':')[0]}-more:1\n"
    done = subprocess.run(
        ["sed", "-E", script], input=given, capture_output=True, text=True, check=True
    ).stdout
    assert done.count(f"heidi-functions@sha256:{'a' * 64}\n") == 2
    assert "heidi-functions-more:1" in done


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_is_deployed_to_has_an_overlay(environment: str) -> None:
    deployed = {job["with"]["environment"] for _, job in jobs() if job.get("uses", "").endswith("deploy.yml")}
    assert deployed == {"dev", "staging", "prod"}
    assert (ROOT / "knative" / "overlays" / environment / "kustomization.yaml").is_file()


def test_migrations_run_to_their_end_before_the_functions() -> None:
    commands = [line for line in lines() if line.startswith("kubectl") and "kustomize" not in line]
    assert [command.split()[1] for command in commands] == ["delete", "apply", "wait", "apply", "wait"]
    assert "--selector heidi.app/phase=before" in commands[1]
    assert "--for=condition=complete" in commands[2]
