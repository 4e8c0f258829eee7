"""stack.yml, knative/ and the edge's routes."""
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from croniter import croniter

from shared.record import Access, Record
from tests.gateway.test_routes import named
from tooling.generate import generate, knative, schedules, stack, triggers
from tooling.generate.access import mark
from tooling.generate.common import public
from tooling.registry import ROOT, records

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
IMAGE = re.compile(r"[a-z0-9.-]+(/[a-z0-9._-]+)+:[A-Za-z0-9_][\w.-]*")


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def ticking(cron: str) -> Record:
    def sweep_things() -> None:
        """Sweep."""
    return Record(sweep_things, "tick", Access(internal=True), cron=cron, timeout=20)


def test_checking_writes_nothing_and_names_what_differs(tmp_path: Path) -> None:
    assert "stack.yml" in generate(check=True, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    written = generate(root=tmp_path)
    assert generate(root=tmp_path) == generate(check=True, root=tmp_path) == []
    assert set(written) == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "stack.yml").write_text("version: 1.0\n")
    (tmp_path / "knative" / "base" / "triggers.yaml").unlink()
    assert generate(check=True, root=tmp_path) == ["stack.yml", "knative/base/triggers.yaml"]


def test_stack_yml_has_every_function_under_one_image() -> None:
    found = yaml.safe_load(stack.render(records()))
    assert found["functions"].keys() == records().keys()
    assert len({function["image"] for function in found["functions"].values()}) == 1
    for name, function in found["functions"].items():
        assert function["environment"]["FUNCTION_TARGET"] == records()[name].target
        assert (ROOT / function["handler"]).is_dir()
        assert IMAGE.fullmatch(function["image"])


def test_connectors_find_the_topics_of_event_functions() -> None:
    functions = yaml.safe_load(stack.render(records()))["functions"]
    assert functions["send-email"]["annotations"]["topic"] == "app.heidi.notification.requested"
    tick = stack.specification(ticking("*/5 * * * *"))["annotations"]
    assert (tick["topic"], tick["schedule"]) == ("cron-function", "*/5 * * * *")


@pytest.mark.parametrize(("change", "says"), [
    ("read_only_root_filesystem: true", "unknown key read_only_root_filesystem"), ("environment: {A: 1}", "environment.A: not text"),
    ("image: registry/${TAG}", "a dollar sign"), ("skip_build: 'yes'", "skip_build: not bool"), ("limits: {ram: 1Mi}", "unknown key ram"),
    ("labels: []", "labels: not dict"), ("image: ''", "no image")])
def test_what_faas_cli_would_misread_is_refused(change: str, says: str) -> None:
    function = {"lang": "dockerfile", "handler": "./f", "image": "i:1", "environment": {"A": "1"}} | yaml.safe_load(change)
    text = yaml.safe_dump({"version": "1.0", "provider": {"name": "openfaas"}, "functions": {"a-b": function}})
    with pytest.raises(stack.StackError, match=says):
        stack.validate(text)


def test_names_that_are_no_dns_labels_are_refused() -> None:
    function = {"lang": "dockerfile", "handler": "./f", "image": "i:1", "environment": {"A": "1"}}
    for name in ("a_b", "A", "x" * 64, "-a"):
        with pytest.raises(stack.StackError, match="DNS label"):
            stack.validate(yaml.safe_dump({"functions": {name: function}}))


def test_every_function_is_a_knative_service_that_the_webhook_accepts() -> None:
    services = documents(knative.render(records()))
    assert {service["metadata"]["name"] for service in services} == records().keys()
    for service in services:
        template = service["spec"]["template"]
        record = records()[service["metadata"]["name"]]
        assert LABEL.fullmatch(record.name)
        assert all(isinstance(value, str) and value.isdigit() for value in template["metadata"]["annotations"].values())
        assert len(template["spec"]["containers"]) == 1
        container = template["spec"]["containers"][0]
        assert len(container["ports"]) == 1
        assert IMAGE.fullmatch(container["image"])
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["env"][0] == {"name": "FUNCTION_TARGET", "value": record.target}
        inside = service["metadata"]["labels"].get("networking.knative.dev/visibility") == "cluster-local"
        assert inside is (record.kind != "http" or record.access.internal)


def test_every_subscription_is_a_trigger_with_a_filter_retries_and_a_dead_letter_sink() -> None:
    found = documents(triggers.render(records()))
    wanted = {(record.name, type_) for record in records().values() for type_ in record.types if type_ != "*"}
    assert {(each["spec"]["subscriber"]["ref"]["name"], each["spec"]["filter"]["attributes"]["type"])
            for each in found if "filter" in each["spec"]} == wanted
    assert len({each["metadata"]["name"] for each in found}) == len(found)
    for each in found:
        delivery = each["spec"]["delivery"]
        assert (delivery["retry"], delivery["backoffPolicy"], delivery["backoffDelay"]) == (3, "exponential", "PT1S")
        assert delivery["deadLetterSink"]["ref"]["name"]
        assert "filters" not in each["spec"]
        assert all(key.islower() for key in each["spec"].get("filter", {}).get("attributes", {}))


def test_every_tick_is_a_cron_job_that_carries_the_brokers_token() -> None:
    found = {each["metadata"]["name"]: each for each in documents(schedules.render(records())) if each}
    assert found.keys() == {record.name for record in records().values() if record.cron}
    for name, job in found.items():
        assert len(job["spec"]["schedule"].split()) == 5
        assert croniter.is_valid(job["spec"]["schedule"])
        container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        assert container["args"][-1] == f"http://{name}.heidi.svc.cluster.local/"
        assert container["env"][0]["valueFrom"]["secretKeyRef"]["key"] == "BROKER_TOKEN"


@pytest.mark.parametrize(("cron", "seconds", "minutes"), [
    ("*/5 * * * *", [], "*/5 * * * *"), ("*/20 * * * * *", [0, 20, 40], "* * * * *"), ("15 30 2 * * 1", [15], "30 2 * * 1"),
    ("* * * * * *", list(range(60)), "* * * * *")])
def test_seconds_become_calls_within_the_minute(cron: str, seconds: list[int], minutes: str) -> None:
    assert schedules.split(cron) == (seconds, minutes)
    job = schedules.job(ticking(cron))["spec"]
    arguments = job["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert ("--seconds" in arguments) is bool(seconds)
    assert (job["schedule"], job["concurrencyPolicy"]) == (minutes, "Forbid")


def test_the_more_an_address_says_the_earlier_it_is_asked() -> None:
    order = public([named("a", "GET", "/x/{i}/{j}"), named("b", "GET", "/x/{i}/y"), named("c", "GET", "/x/y/z"), named("d", "GET", "/x/y/{i}")])
    assert [record.name for record in order] == ["c", "d", "b", "a"]


@pytest.mark.parametrize(("name", "role", "expected"), [
    ("approve-listing", "super_admin", "●"), ("approve-listing", "city_admin", "○"), ("approve-listing", "editor", "–"),
    ("approve-listing", "anonymous", "–"), ("list-listings", "anonymous", "●"), ("whoami", "citizen", "○"), ("whoami", "anonymous", "–")])
def test_the_matrix_says_who_may_call_and_where(name: str, role: str, expected: str) -> None:
    assert mark(records()[name], role) == expected


def test_platform_yaml_names_what_the_generated_files_name() -> None:
    stands = {(each["kind"], each["metadata"]["name"]): each for each in documents((ROOT / "knative" / "base" / "platform.yaml").read_text())}
    assert {("ConfigMap", "heidi-settings"), ("Broker", triggers.BROKER)} <= stands.keys()
    job = next(each for (kind, _), each in stands.items() if kind == "Job")
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == knative.IMAGE
