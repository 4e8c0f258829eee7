"""deploy/compose.yaml: judged by the schema of Compose, complete, closed to the outside; and its programs,
run as it says.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from broker.triggers import load
from shared.kit.settings import Settings
from tests.deploy.containers import RUN, answers, build, podman
from tests.support import superuser
from tooling.generate.environment import BY_COMPOSE, OTHERS, SECRETS, example
from tooling.generate.secrets import BEFORE_KEYS, FOR_ALL, POWERS
from tooling.registry import ROOT, records
from tooling.stack.ports import free_port

FILE = ROOT / "deploy/compose.yaml"
TEXT = FILE.read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ALWAYS = {"postgres", "redis", "rabbitmq", "migrate", "heidi", "broker", "clock", "caddy"}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)")


def assigned(text: str) -> dict[str, str]:
    """What an .env file sets."""
    lines = [line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in lines}


def test_compose_itself_would_accept_it() -> None:
    judged = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout


def test_the_services_are_those_of_the_requirements() -> None:
    by_profile = {
        profile: {name for name, each in SERVICES.items() if each.get("profiles") == [profile]}
        for profile in ("monitoring", "admin")
    }
    assert {name for name, each in SERVICES.items() if "profiles" not in each} == ALWAYS
    assert by_profile["admin"] == {"pgadmin", "redis-commander"}
    assert by_profile["monitoring"] >= {
        "prometheus",
        "grafana",
        "alertmanager",
        "postgres-exporter",
        "redis-exporter",
        "node-exporter",
    }
    assert COMPOSE["networks"]["backend"]["ipam"]["config"] == [{"subnet": "172.28.0.0/16"}]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_limited_and_on_the_inner_network(name: str) -> None:
    said = SERVICES[name]
    tag = said["image"].rpartition(":")[2]
    assert tag == "${HEIDI_VERSION}" or (any(c.isdigit() for c in tag) and "latest" not in tag)
    assert said["networks"] == ["backend"]
    assert said["deploy"]["resources"]["limits"].keys() == {"memory", "cpus"}
    assert "no-new-privileges:true" in said["security_opt"]
    assert said["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert not said.get("privileged")


def test_only_caddy_can_be_reached_from_outside() -> None:
    outside = {
        name
        for name, said in SERVICES.items()
        for port in said.get("ports", ())
        if not port.startswith("127.0.0.1:")
    }
    assert outside == {"caddy"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_that_is_mounted_is_there_and_cannot_be_written(name: str) -> None:
    for mount in SERVICES[name].get("volumes", ()):
        source = mount.replace("${HEIDI_DATA:-../data}", "DATA").split(":")[0]
        if source.startswith("."):
            assert (FILE.parent / source).exists(), source
            assert mount.endswith(":ro")


def test_every_variable_is_in_the_example_and_every_secret_is_needed() -> None:
    known = assigned(example())
    assert {
        name
        for line in TEXT.splitlines()
        if not line.lstrip().startswith("#")
        for name in VARIABLE.findall(line)
    } <= known.keys()
    assert {each["environment"] for each in COMPOSE["secrets"].values()} <= known.keys()
    assert {name.upper() for name in Settings.model_fields} <= {
        *re.findall(r"^#? ?([A-Z0-9_]+)=", example(), re.MULTILINE),
        *BY_COMPOSE,
    }


def test_conditions_name_services_that_can_meet_them() -> None:
    for said in SERVICES.values():
        for other, wanted in said.get("depends_on", {}).items():
            assert wanted["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
            assert (
                wanted["condition"] != "service_completed_successfully" or SERVICES[other]["restart"] == "no"
            )


@pytest.mark.parametrize("name", ["migrate", "heidi", "broker", "clock"])
def test_ours_run_as_in_production_and_are_given_no_secret_of_others(name: str) -> None:
    said = SERVICES[name]["environment"]
    assert (said["ENVIRONMENT"], SERVICES[name]["read_only"], SERVICES[name]["cap_drop"]) == (
        "production",
        True,
        ["ALL"],
    )
    wanted = {
        "migrate": {"POSTGRES_SUPERUSER_PASSWORD", "POSTGRES_OWNER_PASSWORD"},
        "clock": {"POSTGRES_OWNER_PASSWORD"},
    }
    assert {each for each in (*OTHERS, "POSTGRES_OWNER_PASSWORD") if said[each]} == wanted.get(name, set())


@pytest.mark.parametrize("name", ["broker", "clock"])
def test_who_brings_events_can_do_nothing_else(name: str) -> None:
    said, powers = (
        SERVICES[name]["environment"],
        {each for power in POWERS.values() for each in power.settings} - {"PUBLISH_TOKEN"},
    )
    assert {each for each in {*FOR_ALL, *BEFORE_KEYS, *powers} if said.get(each) != ""} == {
        "BROKER_TOKEN_HASHES",
        "SENTRY_DSN",
    }, "what is new there is emptied for them in deploy/compose.yaml, x-bringer"


def test_secrets_are_new_every_time_and_good_enough_for_production() -> None:
    first, second = assigned(example(filled=True)), assigned(example(filled=True))
    assert all(first[name] != second[name] and len(first[name]) >= 32 for name in (*SECRETS, *OTHERS))
    assert all(not assigned(example())[name] for name in (*SECRETS, *OTHERS))
    given: dict[str, Any] = {name.lower(): value for name, value in first.items()}
    read = Settings(_env_file=None, **given | {"environment": "production"})
    assert read.environment == "production"


def test_the_clock_calls_every_tick_and_hears_no_event() -> None:
    triggers, ticks = load(ROOT / "deploy/ticks.json")
    assert triggers == []
    assert {tick.name for tick in ticks} == {record.name for record in records().values() if record.cron}


def test_the_host_image_makes_the_databases_and_serves_all_functions(tmp_path: Path) -> None:
    image, port, prefix = build("host"), str(free_port()), f"heidi_host{os.getpid()}_"
    made = podman()(
        *RUN, "--rm", "--read-only", "--tmpfs=/tmp", image, "python", "-m", "tooling.cli", "host", "env"
    ).stdout
    given = (
        assigned(made)
        | {name: os.environ[name] for name in os.environ if name.startswith("POSTGRES_")}
        | {
            "ENVIRONMENT": "production",
            "REDIS_URL": os.environ["REDIS_URL"],
            "REDIS_PASSWORD": "",
            "POSTGRES_DATABASE_PREFIX": prefix,
        }
    )
    environment = tmp_path / "env"
    environment.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    run = (*RUN, "--read-only", "--tmpfs=/tmp", "--cap-drop=all", f"--env-file={environment}")
    try:
        for _ in range(2):
            podman()(*run, "--rm", image, *SERVICES["migrate"]["command"])
        name = f"heidi-host-{os.getpid()}"
        podman()(
            *run,
            "--detach",
            "--name",
            name,
            "--env=FUNCTION_TARGET=all",
            "--env=HOST=127.0.0.1",
            f"--env=PORT={port}",
            "--env=WORKERS=2",
            image,
            *SERVICES["heidi"]["command"],
        )
        try:
            podman().until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), name, patience=240)
            assert answers(f"http://127.0.0.1:{port}/api/cities")
            podman()("kill", "--signal=TERM", name)
            assert podman()("wait", name, patience=240).stdout.strip() == "0"
        finally:
            podman()("rm", "--force", "--time=0", name, check=False)
    finally:
        with superuser("postgres") as connection:
            for (database,) in connection.run(
                "SELECT datname FROM pg_database WHERE datname LIKE :like", like=prefix + "%"
            ):
                connection.run(f'DROP DATABASE "{database}" WITH (FORCE)')
