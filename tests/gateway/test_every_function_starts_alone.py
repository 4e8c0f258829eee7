"""Every function is a function of its own: it starts by its deployed name, answers probes, and imports what
it uses.
"""

import json
import os
import subprocess
import sys

import functions_framework
import pytest

from tooling.registry import records
from tooling.stack.home import ROOT

ENTRY = str(ROOT / "shared" / "runtime" / "entry.py")
SDKS = (
    "boto3",
    "botocore",
    "openai",
    "pinecone",
    "httpx",
    "PIL",
    "pypdf",
    "redis",
    "google.auth",
    "jinja2",
    "nh3",
    "bcrypt",
    "jwt",
    "cryptography",
    "shapely",
    "prometheus_client",
    "alembic",
    "flask",
    "aiohttp",
    "yaml",
    "typer",
    "rich",
    "opentelemetry",
    "requests",
    "sentry_sdk",
)
BUDGET = """
import importlib, json, os, sys
import shared.runtime.entry, shared.function, shared.runtime.pipeline
names, hot, modules = json.loads(sys.argv[1])
def bring(module, known=()):
    importlib.import_module(module)
    print(json.dumps([module, [name for name in names if name in sys.modules and name not in known]]), flush=True)
for module in hot:                        # each alone, from what all functions share
    child = os.fork()
    if not child:
        bring(module)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, module
for module in ["shared.runtime.entry", *modules]:
    bring(module, {name for name in names if name in sys.modules} if module in modules else ())
"""


@pytest.mark.parametrize("name", sorted(records()))
def test_it_answers_its_health_paths_under_functions_framework(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNCTION_TARGET", name)
    client = functions_framework.create_app(records()[name].target, ENTRY).test_client()
    assert {
        path: client.get(path).status_code
        for path in ("/health/live", "/healthz", "/_/health", "/_/ready", "/health/startup")
    } == {"/health/live": 200, "/healthz": 200, "/_/health": 200, "/_/ready": 200, "/health/startup": 200}


def test_the_deployed_name_will_do_as_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCTION_TARGET", "nearby-listings")
    client = functions_framework.create_app("nearby-listings", ENTRY).test_client()
    answer = client.post("/", data=b"{}", content_type="application/json")
    assert answer.get_json()["error"]["code"] == "TENANT_REQUIRED"


def imported(*questions: list[str]) -> list[tuple[str, list[str]]]:
    """Which of these libraries each module brings: every hot one alone, then all of them one after the other."""
    found = subprocess.run(
        [sys.executable, "-c", BUDGET, json.dumps(questions)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_no_module_brings_an_outside_library_before_it_is_used() -> None:
    modules = [record.module for record in records().values()]
    brought = imported(list(SDKS), [], modules)
    assert len(brought) == len(modules) + 1
    assert [(module, names) for module, names in brought if names] == []


def test_functions_that_are_kept_warm_do_without_the_orm() -> None:
    hot = [record.module for record in records().values() if record.min_scale]
    brought = imported(["sqlalchemy"], hot, [])
    assert [module for module, _ in brought] == [*hot, "shared.runtime.entry"]
    assert [module for module, names in brought if names] == []
