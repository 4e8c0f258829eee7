"""The image, built from deploy/Dockerfile and run as a cluster runs it: read-only, without privileges, ended
by SIGTERM.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.deploy.containers import RUN, answers, build, podman
from tests.deploy.faascli import shrinkwrapped
from tooling.registry import ROOT, records, services
from tooling.stack.ports import free_port

# Loads what FUNCTION_TARGET may name, asks each for its health, and says which have none.
ASK_ALL = """
import sys
from io import BytesIO
from shared.runtime.entry import load
from shared.kit.http import Request
asked = {name: load(name)(Request({"REQUEST_METHOD": "GET", "PATH_INFO": "/health/live", "wsgi.input": BytesIO()})).status
         for name in sys.argv[1:]}
print(sorted(name for name, status in asked.items() if status != 200), len(asked))
"""
# Leaves a grandchild behind, which ends at once, and says whether process 1 waits for it.
ORPHAN = """
import os, time
from pathlib import Path
read, write = os.pipe()
if os.fork() == 0:
    grandchild = os.fork()
    if grandchild:
        os.write(write, str(grandchild).encode())
    os._exit(0)
os.wait()
orphan = Path("/proc") / os.read(read, 20).decode()
deadline = time.monotonic() + 5
while orphan.exists() and time.monotonic() < deadline:
    time.sleep(0.01)
print("left" if orphan.exists() else "reaped")
"""
UNWANTED = ("pip", "pip3", "gcc", "cc", "make", "git", "curl", "wget")
SECRETS = {
    name: name.lower() + "-of-a-test-0123456789abcdef"
    for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "BROKER_TOKEN", "ENCRYPTION_KEY", "LETTER_KEY")
}


@pytest.fixture(scope="module")
def image() -> str:
    return build("functions", "1.2.3")


def settings(**more: str) -> dict[str, str]:
    """This test's Postgres and Redis, reached as in production."""
    names = ("REDIS_URL", *(name for name in os.environ if name.startswith("POSTGRES_")))
    return {name: os.environ[name] for name in names} | SECRETS | {"ENVIRONMENT": "production"} | more


def inside(image: str, *command: str, **environment: str) -> str:
    """What a command in a container of its own says."""
    given = [part for pair in environment.items() for part in ("--env", "=".join(pair))]
    return podman()(*RUN, "--rm", "--read-only", "--tmpfs=/tmp", *given, image, *command).stdout.strip()


def test_a_function_answers_and_ends_when_it_is_told_to(image: str) -> None:
    port = str(free_port())
    with podman().running(image, **settings(FUNCTION_TARGET="list-cities", PORT=port)) as container:
        podman().until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), container)
        with urlopen(f"http://127.0.0.1:{port}/api/cities", timeout=60) as answer:
            assert "items" in json.load(answer)
        probe = podman().inspect(image)["Healthcheck"]["Test"][1:]
        assert podman()("exec", container, *probe, check=False).returncode == 0
        assert podman()("exec", "--env=PORT=9", container, *probe, check=False).returncode == 1
        assert podman()("exec", container, "python", "-c", ORPHAN).stdout.strip() == "reaped"
        assert "Read-only file system" in podman()("exec", container, "touch", "/app/x", check=False).stderr
        podman()("kill", "--signal=TERM", container)
        assert podman()("wait", container, patience=240).stdout.strip() == "0"


def test_every_function_of_the_collection_is_in_it(image: str) -> None:
    said = inside(image, "python", "-c", ASK_ALL, *records(), **SECRETS)
    assert said == f"[] {len(records())}"


def test_it_brings_the_databases_to_their_newest_version(image: str) -> None:
    for service in services():
        assert inside(image, "ls", f"functions/{service}/migrations/versions")
    assert inside(image, "python", "-m", "tooling.migrate", **settings()) == ""


def test_a_setting_that_is_missing_is_a_sentence_and_not_a_restart_without_a_word(image: str) -> None:
    with podman().running(image, FUNCTION_TARGET="list-cities", ENVIRONMENT="production") as container:
        assert podman()("wait", container, patience=240).stdout.strip() == "1"
        assert "production needs secrets" in podman()("logs", container).stderr


def test_one_function_from_the_checkout_is_built_on_it_as_faas_cli_does(image: str, tmp_path: Path) -> None:
    context = shrinkwrapped("get-signing-keys", tmp_path)
    changed = context / "app/functions/auth/keys/get_signing_keys.py"
    changed.write_text(changed.read_text() + "\nprint('from the checkout')\n")
    podman()(
        "build",
        "--isolation=chroot",
        "--format=docker",
        f"--build-arg=IMAGE={image}",
        "--tag=localhost/heidi-alone:test",
        str(context),
    )
    assert podman().inspect("localhost/heidi-alone:test")["Config"]["User"] == "1001:1001"
    said = inside("localhost/heidi-alone:test", "python", "-c", ASK_ALL, "get-signing-keys", **SECRETS)
    assert said.splitlines() == ["from the checkout", "[] 1"]


def test_it_runs_as_somebody_without_rights_and_holds_no_tools(image: str) -> None:
    assert inside(image, "id", "-u") == "1001"
    assert (
        inside(image, "sh", "-c", f"for each in {' '.join(UNWANTED)}; do command -v $each; done; true") == ""
    )
    assert (
        inside(image, "sh", "-c", "python -c 'import pip' 2>&1; python3 -m ensurepip 2>&1; true").count(
            "No module named"
        )
        == 2
    )
    assert podman()(*RUN, "--rm", "--user=0", image, "find", "/", "-xdev", "-name", ".*_history").stdout == ""


def test_nothing_in_it_has_to_be_compiled_at_the_start(image: str) -> None:
    sources, compiled = (
        int(inside(image, "sh", "-c", f"find /app -name '{pattern}' | wc -l"))
        for pattern in ("*.py", "*.pyc")
    )
    assert sources == compiled > 200


def test_its_labels_say_what_it_is(image: str) -> None:
    found = podman().inspect(image)["Config"]
    labels = {
        name.rpartition(".")[2]: value
        for name, value in found["Labels"].items()
        if name.startswith("org.opencontainers.image.")
    }
    assert labels.items() >= {"version": "1.2.3", "revision": "0123abc", "title": "heidi-functions"}.items()
    assert labels["source"].startswith("https://")
    assert labels["licenses"] == "MIT"
    assert found["Entrypoint"] == ["tini", "--"]
    assert not [each for each in found["Env"] if each.startswith("PIP_")]


def test_its_bill_of_materials_names_what_is_installed(image: str) -> None:
    text = inside(image, "cat", "sbom.cdx.json")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    named = {(each["name"], each["version"]): each["purl"] for each in json.loads(text)["components"]}
    shown = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", "requirements-image.lock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    locked = {(each["name"], each["version"]) for each in json.loads(shown.stdout)["components"]}
    installed = {each for each, purl in named.items() if purl.startswith("pkg:pypi/")}
    assert installed <= locked
    assert {name for name, _ in installed} >= {"granian", "pydantic", "pg8000"}
    assert any(purl.startswith("pkg:deb/debian/tini@") for purl in named.values())
