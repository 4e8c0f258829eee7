"""stack.yml, knative/ and the edge's routes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.kit.record import Access, Record
from tests.gateway.test_routes import named
from tooling.generate import asyncapi, event_types, generate, knative, schedules, stack, triggers
from tooling.generate.access import mark
from tooling.generate.common import THREADS, VERSION, public
from tooling.generate.specification import specification
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
    assert set(written) == {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
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
    tick = specification(ticking("*/5 * * * *"))["annotations"]
    assert (tick["topic"], tick["schedule"]) == ("cron-function", "*/5 * * * *")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("read_only_root_filesystem: true", "unknown key read_only_root_filesystem"),
        ("environment: {A: 1}", "environment.A: not text"),
        ("image: registry/${TAG}", "a dollar sign"),
        ("skip_build: 'yes'", "skip_build: not bool"),
        ("limits: {ram: 1Mi}", "unknown key ram"),
        ("labels: []", "labels: not dict"),
        ("image: ''", "no image"),
    ],
)
def test_what_faas_cli_would_misread_is_refused(change: str, says: str) -> None:
    function = {
        "lang": "dockerfile",
        "handler": "./f",
        "image": "i:1",
        "environment": {"A": "1"},
    } | yaml.safe_load(change)
    text = yaml.safe_dump(
        {"version": "1.0", "provider": {"name": "openfaas"}, "functions": {"a-b": function}}
    )
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
        assert all(isinstance(value, str) for value in template["metadata"]["annotations"].values())
        assert len(template["spec"]["containers"]) == 1
        container = template["spec"]["containers"][0]
        assert len(container["ports"]) == 1
        assert IMAGE.fullmatch(container["image"] + ":" + VERSION)
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["env"][0] == {"name": "FUNCTION_TARGET", "value": record.target}
        # the way in is the edge
        assert service["metadata"]["labels"]["networking.knative.dev/visibility"] == "cluster-local"


def annotations(record: Record) -> dict[str, str]:
    found: dict[str, str] = knative.service(record)["spec"]["template"]["metadata"]["annotations"]
    return found


def container(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = knative.service(record)["spec"]["template"]["spec"]["containers"][0]
    return found


def test_what_computes_is_scaled_by_its_load_and_what_waits_by_its_callers() -> None:
    by_load = {
        name
        for name, record in records().items()
        if "hpa" in annotations(record).get("autoscaling.knative.dev/class", "")
    }
    assert by_load == {name for name, record in records().items() if record.scale_on == "cpu"} >= {"login"}
    for name in by_load:
        assert annotations(records()[name])["autoscaling.knative.dev/metric"] == "cpu"
        assert int(annotations(records()[name])["autoscaling.knative.dev/min-scale"]) >= 1
        assert container(records()[name])["resources"]["requests"]["cpu"] == "250m"
    assert "autoscaling.knative.dev/class" not in annotations(records()["whoami"])


def test_what_is_scaled_by_its_load_cannot_go_to_zero() -> None:
    with pytest.raises(ValueError, match="min_scale=1"):
        Record(ticking, "http", Access(public=True), scale_on="cpu")


def test_prometheus_asks_what_is_always_there_and_the_rest_says_it_itself() -> None:
    for record in records().values():
        pushes = {"name": "OTEL_METRICS_EXPORTER", "value": "otlp"} in container(record)["env"]
        assert (
            (annotations(record).get("prometheus.io/scrape") == "true")
            is bool(record.min_scale)
            is not pushes
        )


def test_a_tick_runs_once_at_a_time() -> None:
    service = knative.service(ticking("*/5 * * * *"))
    assert service["spec"]["template"]["spec"]["containerConcurrency"] == 1
    assert service["spec"]["template"]["metadata"]["annotations"]["autoscaling.knative.dev/max-scale"] == "1"


def test_what_needs_much_memory_needs_it_for_one_request_and_somebody_always_answers_probes() -> None:
    for record in records().values():
        spec = knative.service(record)["spec"]["template"]["spec"]
        assert (spec["containerConcurrency"] == 1) is (record.memory >= 512 or record.kind == "tick")
        calls = (
            THREADS if record.threads else spec["containerConcurrency"]
        )  # streams have threads of their own
        assert {"name": "WORKER_THREADS", "value": str(calls + 1)} in container(record)["env"]


def test_one_instance_takes_as_many_streams_as_its_function_says() -> None:
    record = records()["stream-build"]
    assert knative.service(record)["spec"]["template"]["spec"]["containerConcurrency"] == record.threads == 64
    assert specification(record)["labels"]["com.openfaas.scale.target"] == "64"


def test_probes_are_as_required_but_starts_are_seen_at_once() -> None:
    warm, cold = container(records()["login"]), container(records()["purge-sessions"])
    assert warm["readinessProbe"] == {
        "httpGet": {"path": "/health/ready", "port": 8080},
        "periodSeconds": 10,
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }
    assert cold["readinessProbe"] == {"httpGet": {"path": "/health/ready", "port": 8080}}
    for each in (warm, cold):
        assert each["livenessProbe"] == {
            "httpGet": {"path": "/health/live", "port": 8080},
            "periodSeconds": 30,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        }
        start = each["startupProbe"]
        assert (start["httpGet"], start["periodSeconds"] * start["failureThreshold"]) == (
            {"path": "/health/startup", "port": 8080},
            300,
        )


def patience(delivery: Any) -> float:
    """For how many seconds Knative's RabbitMQ dispatcher tries again (cloudevents/sdk-go: the n-th pause is n
    times the delay).
    """
    assert delivery["backoffPolicy"] == "linear"
    seconds = float(delivery["backoffDelay"].removeprefix("PT").removesuffix("S"))
    return sum(n * seconds for n in range(1, delivery["retry"] + 1))


def test_dead_letters_are_kept_for_longer_than_anybody_sleeps_and_rabbitmq_lets_them() -> None:
    [broker] = [
        each
        for each in documents((ROOT / "knative/base/platform.yaml").read_text("utf-8"))
        if each["kind"] == "Broker"
    ]
    [cluster] = [
        each
        for each in documents((ROOT / "deploy/data/base/rabbitmq.yaml").read_text("utf-8"))
        if each["kind"] == "RabbitmqCluster"
    ]
    held = re.search(
        r"^consumer_timeout = (\d+)$", cluster["spec"]["rabbitmq"]["additionalConfig"], re.MULTILINE
    )
    assert held
    assert 12 * 3600 <= patience(broker["spec"]["delivery"]) <= int(held[1]) / 1000


def test_every_subscription_is_a_trigger_with_a_filter_and_retries() -> None:
    found = documents(triggers.render(records()))
    wanted = {(record.name, type_) for record in records().values() for type_ in record.types if type_ != "*"}
    assert {
        (
            each["spec"]["subscriber"]["uri"].removeprefix("/events/"),
            each["spec"]["filter"]["attributes"]["type"],
        )
        for each in found
        if "filter" in each["spec"]
    } == wanted
    assert len({each["metadata"]["name"] for each in found}) == len(found)
    for each in found:
        assert patience(each["spec"]["delivery"]) >= 3600  # an hour without PostgreSQL
        assert "filters" not in each["spec"]
        assert 1 < int(each["metadata"]["annotations"]["rabbitmq.eventing.knative.dev/parallelism"]) <= 1000
        assert all(key.islower() for key in each["spec"].get("filter", {}).get("attributes", {}))


def test_every_tick_is_a_ping_source_through_the_internal_gateway() -> None:
    found = {each["metadata"]["name"]: each["spec"] for each in documents(schedules.render(records()))}
    assert found.keys() == {record.name for record in records().values() if record.cron}
    for name, spec in found.items():
        assert spec["schedule"] == records()[name].cron
        assert len(spec["schedule"].split()) in (5, 6)
        assert spec["sink"]["uri"] == f"/ticks/{name}"
        assert spec["timezone"] == "Etc/UTC"


def test_every_event_that_is_said_is_in_the_brokers_catalogue_and_points_at_its_schema() -> None:
    found = documents(event_types.render(records()))
    messages = asyncapi.document(records())["components"]["messages"]
    said = {event.type() for record in records().values() for event in record.emits}
    assert {each["spec"]["attributes"][0]["value"] for each in found} == said
    for each in found:
        name = each["metadata"]["annotations"]["heidi.app/schema"].removeprefix("#/components/messages/")
        assert messages[name]["name"] == each["spec"]["attributes"][0]["value"]
        assert re.fullmatch(r"[a-z0-9.-]+", each["metadata"]["name"])


def test_the_more_an_address_says_the_earlier_it_is_asked() -> None:
    order = public(
        [
            named("a", "GET", "/x/{i}/{j}"),
            named("b", "GET", "/x/{i}/y"),
            named("c", "GET", "/x/y/z"),
            named("d", "GET", "/x/y/{i}"),
        ]
    )
    assert [record.name for record in order] == ["c", "d", "b", "a"]


@pytest.mark.parametrize(
    ("name", "role", "expected"),
    [
        ("approve-listing", "super_admin", "●"),
        ("approve-listing", "city_admin", "○"),
        ("approve-listing", "editor", "–"),
        ("approve-listing", "anonymous", "–"),
        ("list-listings", "anonymous", "●"),
        ("whoami", "citizen", "○"),
        ("whoami", "anonymous", "–"),
    ],
)
def test_the_matrix_says_who_may_call_and_where(name: str, role: str, expected: str) -> None:
    assert mark(records()[name], role) == expected
