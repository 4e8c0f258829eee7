"""Canary and blue-green: which version gets how many calls."""

import json
import shlex
from typing import Any

import pytest

from tests.deploy.judge import problems
from tooling.command_failed import CommandFailed
from tooling.rollout import patches

Service = dict[str, Any]


def service(name: str = "login", newest: str = "login-00001", **spec: Any) -> Service:
    template = {"spec": {"containers": [{"image": "ghcr.io/heidi-platform/heidi-functions:0.1.0"}]}}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "heidi-prod"},
        "spec": {"template": template, **spec},
        "status": {"latestReadyRevisionName": newest},
    }


def after(found: Service, step: str, percent: int = 0) -> Service:
    """What `kubectl patch` would make of it."""
    [line] = patches(json.dumps(found), step, percent)
    words = shlex.split(line)
    assert words[:-1] == [
        "kubectl",
        "-n",
        "heidi-prod",
        "patch",
        "ksvc",
        found["metadata"]["name"],
        "--type",
        "merge",
        "-p",
    ]
    return found | {"spec": found["spec"] | json.loads(words[-1])["spec"]}


def shares(found: Service) -> dict[str, int]:
    return {target.get("revisionName", "newest"): target["percent"] for target in found["spec"]["traffic"]}


def test_a_canary_from_hold_to_finish() -> None:
    held = after(service(), "hold")
    assert shares(held) == {"login-00001": 100, "newest": 0}
    # `kubectl apply` leaves the shares as they are
    deployed = held | {"status": {"latestReadyRevisionName": "login-00002"}}
    tried = after(deployed, "share", 10)
    assert shares(tried) == {"login-00001": 90, "newest": 10}
    assert shares(after(tried, "share", 100)) == {"login-00001": 0, "newest": 100}
    assert shares(after(tried, "finish")) == {"newest": 100}


def test_blue_green_switches_there_and_back() -> None:
    green = after(after(service(), "hold"), "share", 100)
    assert [target.get("tag") for target in green["spec"]["traffic"]] == [None, "next"]
    assert shares(after(green, "back")) == {"login-00001": 100, "newest": 0}


@pytest.mark.parametrize(("step", "percent"), [("hold", 0), ("share", 25), ("back", 0), ("finish", 0)])
def test_knative_knows_what_is_patched_and_the_shares_make_a_whole(step: str, percent: int) -> None:
    patched = after(after(service(), "hold"), step, percent)
    assert sum(shares(patched).values()) == 100
    del patched["status"], patched["metadata"]["namespace"]
    assert problems(patched) == []


def test_many_services_are_patched_at_once() -> None:
    found = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [service("login"), service("whoami", "whoami-00007")],
    }
    assert [line.split()[5] for line in patches(json.dumps(found), "hold")] == ["login", "whoami"]


@pytest.mark.parametrize(
    ("text", "step", "says"),
    [
        ("Error from server", "hold", "get ksvc"),
        ("[]", "hold", "get ksvc"),
        ('{"kind": "List", "items": []}', "hold", "no Knative Service"),
        ('{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "a"}}', "hold", "no Knative Service"),
        (json.dumps(service(newest="")), "hold", "has no version yet"),
        (json.dumps(service()), "share", "is held"),
        (json.dumps(service(traffic=[{"latestRevision": True, "percent": 100}])), "back", "is held"),
    ],
)
def test_a_step_that_does_not_follow_is_refused(text: str, step: str, says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        list(patches(text, step, 10))
