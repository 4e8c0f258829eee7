"""Every function's Pod, as Knative's controller would ask Kubernetes for it, is one that may run."""

import copy

import pytest

from tests.deploy.builds import OVERLAYS, built
from tests.deploy.controller import QUEUE, deployment, refusals
from tests.deploy.judge import Document
from tooling.generate import knative
from tooling.registry import records


def container(made: Document, name: str) -> Document:
    """One of a Deployment's Pod."""
    [found] = [each for each in made["spec"]["template"]["spec"]["containers"] if each["name"] == name]
    return dict(found)


@pytest.fixture
def service() -> Document:
    return knative.service(records()["export-audit"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_takes_the_deployment_of_every_function(overlay: str) -> None:
    services = [each for each in built(overlay) if each["apiVersion"] == "serving.knative.dev/v1"]
    assert len(services) == len(records())
    assert [line for each in services for line in refusals(each)] == []


def test_what_knative_does_not_fill_in_is_missed(service: Document) -> None:
    without = copy.deepcopy(service)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        del without["spec"]["template"]["spec"]["containers"][0][probe]["httpGet"]["port"]
    assert refusals(without) == [
        "export-audit: spec.template.spec.containers.0.startupProbe.httpGet.port: 0: must be between 1 and 65535"
    ]


def test_what_is_no_pod_is_refused(service: Document) -> None:
    service["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": ["512Mi"]}
    assert refusals(service)


@pytest.mark.parametrize("name", [record.name for record in records().values() if record.timeout > 300])
def test_what_may_take_ten_minutes_may_also_begin_to_answer_that_late(name: str) -> None:
    made = deployment(knative.service(records()[name]))
    told = {each["name"]: each["value"] for each in container(made, QUEUE)["env"]}
    assert (
        told["REVISION_RESPONSE_START_TIMEOUT_SECONDS"]
        == told["REVISION_TIMEOUT_SECONDS"]
        == str(records()[name].timeout)
    )
