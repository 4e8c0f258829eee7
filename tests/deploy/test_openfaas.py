"""OpenFaaS: stack.yml as a whole, what faas-cli makes of the template, and events as its connectors bring
them.
"""

import base64
import json
import os
import re
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
import yaml

from events.auth import UserCreated
from shared.kit.settings import settings
from tests.deploy.faascli import shrinkwrapped
from tests.deploy.judge import problems
from tests.gateway.conftest import gateway  # noqa: F401 (a fixture)
from tests.gateway.support import PASSWORD, Running, eventually
from tests.programs import program
from tests.support import Answer, City, call
from tooling.generate import stack
from tooling.generate.common import IMAGE
from tooling.generate.secrets import secrets
from tooling.generate.specification import NoSuchSchedule, schedule
from tooling.registry import ROOT, records
from tooling.stack.ports import free_port

LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
DURATION = re.compile(r"\d+[smh]")


@lru_cache(1)
def functions() -> dict[str, dict[str, Any]]:
    """As stack.yml has them."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(stack.render(records()))["functions"]
    return found


LISTENER = "create-profile"


# --- stack.yml


@pytest.mark.parametrize("name", records())
def test_every_function_says_all_that_openfaas_wants_to_know(name: str) -> None:
    said, record = functions()[name], records()[name]
    assert said["secrets"] == secrets(record)
    assert all(
        DURATION.fullmatch(said["environment"][each])
        for each in ("read_timeout", "write_timeout", "exec_timeout")
    )
    assert said["environment"]["write_timeout"] == f"{record.timeout}s"
    assert all(LABEL_VALUE.fullmatch(value) for value in said["labels"].values())
    assert ("com.openfaas.scale.zero" in said["labels"]) is (record.min_scale == 0)
    assert said["annotations"]["com.openfaas.health.http.path"] == "/health/live"
    assert ("topic" in said["annotations"]) is (record.kind != "http")
    assert ("prometheus.io.scrape" in said["annotations"]) is (record.min_scale > 0)
    assert said["readonly_root_filesystem"]
    assert all((ROOT / file).is_file() for file in said["environment_file"])


def test_who_sends_mail_is_given_the_password_for_it_and_others_are_not() -> None:
    assert functions()["send-email"]["secrets"] == [
        "heidi-secrets",
        "heidi-notification",
        "heidi-for-letters",
        "heidi-for-publishing",
        "heidi-for-files",
        "heidi-for-mail",
    ]
    assert functions()["send-push"]["secrets"] == [
        "heidi-secrets",
        "heidi-notification",
        "heidi-for-publishing",
        "heidi-for-fcm",
        "heidi-for-apns",
        "heidi-for-webpush",
    ]
    assert functions()["login"]["secrets"] == [
        "heidi-secrets",
        "heidi-auth",
        "heidi-for-signing",
        "heidi-for-publishing",
    ]
    assert functions()["logout"]["secrets"] == ["heidi-secrets", "heidi-auth"]


def test_who_hears_everything_hears_each_topic_by_its_name() -> None:
    topics = functions()["record-audit-entry"]["annotations"]["topic"].split(",")
    assert {"app.heidi.listing.approved", "app.heidi.user.created"} <= set(topics)
    assert "*" not in topics


def test_the_cron_connector_understands_every_schedule() -> None:
    schedules = {
        name: each["annotations"]["schedule"]
        for name, each in functions().items()
        if "schedule" in each["annotations"]
    }
    assert schedules.keys() == {record.name for record in records().values() if record.cron}
    assert all(len(cron.split()) == 5 or re.fullmatch(r"@every \d+s", cron) for cron in schedules.values())
    assert schedules["sweep-outbox"] == "@every 10s"


def test_a_schedule_that_the_cron_connector_would_skip_is_refused() -> None:
    from tests.generate.test_deployment import ticking

    assert schedule(ticking("0 3 * * 1")) == "0 3 * * 1"
    with pytest.raises(NoSuchSchedule, match="sweep-things"):
        schedule(ticking("15 30 2 * * 1"))


def test_settings_and_environment_are_texts_without_what_faas_cli_replaces() -> None:
    text = (ROOT / "deploy/openfaas/settings.yml").read_text()
    assert "$" not in text
    given = yaml.safe_load(text)["environment"]
    assert all(isinstance(value, str) for value in given.values())
    assert given["ENVIRONMENT"] == "production"


def test_addresses_in_the_cluster_are_those_of_knative_with_their_namespace() -> None:
    given = yaml.safe_load((ROOT / "deploy/openfaas/settings.yml").read_text())["environment"]
    lines = [
        line.partition("=")
        for line in (ROOT / "knative/base/settings.env").read_text().splitlines()
        if "=http://" in line
    ]
    inside = {name: url for name, _, url in lines if "." not in (urlsplit(url).hostname or ".")}
    assert inside.keys() >= {"GATEWAY_URL", "BROKER_URL", "EVENTS_URL"}
    for name, url in inside.items():
        host = urlsplit(url).hostname or ""
        assert given[name] == url.replace(f"//{host}", f"//{host}.heidi-prod.svc.cluster.local"), name


def test_of_functions_only_the_one_that_sends_dead_letters_again_reaches_the_door_that_adds_the_token() -> (
    None
):
    policies = [
        each
        for each in yaml.safe_load_all((ROOT / "deploy/openfaas/connectors.yaml").read_text())
        if each["kind"] == "NetworkPolicy"
    ]
    rules = [
        rule for policy in policies for rule in policy["spec"]["ingress"] if {"port": 8081} in rule["ports"]
    ]
    who = [
        (
            origin["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            origin["podSelector"]["matchLabels"],
        )
        for rule in rules
        for origin in rule["from"]
    ]
    # by itself (stack.yml); deploy/openfaas-grouped names its service instead
    assert who == [("openfaas-fn", {"faas_function": "replay-dead-letter"})]
    assert records()["replay-dead-letter"].kind == "http"


def test_knative_brings_events_to_openfaas_by_the_same_triggers() -> None:
    found = [
        each
        for each in yaml.safe_load_all(
            subprocess.run(
                [program("kubectl"), "kustomize", "deploy/openfaas"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        if each
    ]
    assert [line for each in found for line in problems(each)] == []
    assert not [each for each in found if each["apiVersion"].startswith("serving.knative.dev")]
    heard = {
        each["spec"]["subscriber"]["uri"].rpartition("/")[2] for each in found if each["kind"] == "Trigger"
    }
    assert heard == {record.name for record in records().values() if record.events}
    [deployment] = [each for each in found if each["kind"] == "Deployment"]
    inside, connectors = deployment["spec"]["template"]["spec"]["containers"]
    assert {"name": "HEIDI_PLATFORM", "value": "openfaas"} in inside["env"]
    doors = {
        each["metadata"]["name"]: each["spec"]["ports"][0]["targetPort"]
        for each in found
        if each["kind"] == "Service"
    }
    assert doors["internal-gateway-connectors"] == connectors["ports"][0]["name"]


# --- the template


def test_what_faas_cli_puts_together_holds_all_that_the_dockerfile_copies(tmp_path: Path) -> None:
    context = shrinkwrapped("list-cities", tmp_path)
    copied = [
        line.split()[1]
        for line in (context / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY")
    ]
    assert copied
    assert all((context / each).is_dir() for each in copied)
    for record in records().values():
        assert (context / "app" / (record.module.replace(".", "/") + ".py")).is_file()


def test_one_function_is_built_on_the_image_that_all_are_deployed_from() -> None:
    said = yaml.safe_load((ROOT / "function.yml").read_text())["functions"][stack.CHOSEN]
    assert said["build_args"] == {"IMAGE": IMAGE}
    assert "skip_build" not in said
    assert "ARG IMAGE\nFROM ${IMAGE}" in (ROOT / "template/heidi/Dockerfile").read_text()


# --- events from connectors


def message(city: City, **changes: Any) -> dict[str, Any]:
    """An event as somebody has put it on a topic: the JSON format of CloudEvents."""
    user = UserCreated(
        user_id=uuid4(), email=f"{uuid4().hex}@example.org", name="Ayşe 100 %", roles=["citizen"]
    )
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/heidi/auth",
        "type": user.type(),
        "tenantid": str(city.id),
        "time": datetime.now(UTC).isoformat(),
        "correlationid": "c-1",
        "data": user.model_dump(mode="json", by_alias=True),
    } | changes


def bring(
    body: Any,
    content_type: str = "text/plain",
    *,
    topic: str = UserCreated.type(),
    token: str | None = None,
    **headers: str,
) -> Answer:
    """Call as a connector does: the message as it is, its topic beside it."""
    token = settings().broker_token.get_secret_value() if token is None else token
    sent = (
        {"content-type": content_type, "x-connector": "kafka", "x-message-id": "7"}
        | ({"x-topic": topic} if topic else {})
        | headers
    )
    return call(LISTENER, path="/", body=body, token=token, headers=sent)


def names(city: City, said: dict[str, Any]) -> list[str]:
    return [
        row[0]
        for row in city.rows(
            "users", "SELECT name FROM profiles WHERE email = :email", email=said["data"]["email"]
        )
    ]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/json",
        "application/octet-stream",
        "",
        "application/cloudevents+json; charset=utf-8",
    ],
)
def test_a_message_on_a_topic_is_an_event_whatever_its_content_type(city: City, content_type: str) -> None:
    said = message(city)
    assert bring(said, content_type).status == 204
    assert names(city, said) == ["Ayşe 100 %"]


def test_structured_mode_needs_no_topic_and_its_data_may_be_base64(city: City) -> None:
    said = message(city)
    encoded = {name: value for name, value in said.items() if name != "data"} | {
        "data_base64": base64.b64encode(json.dumps(said["data"]).encode()).decode()
    }
    assert bring(encoded, "application/cloudevents+json", topic="").status == 204
    assert names(city, said) == ["Ayşe 100 %"]


def test_what_a_message_causes_belongs_to_the_chain_that_it_names(city: City) -> None:
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    assert bring(message(city, correlationid="chain-7", traceparent=parent)).status == 204
    [*_, noted] = city.changes("users")
    assert noted.envelope.correlation_id == "chain-7"
    assert noted.envelope.traceparent.startswith(f"00-{'a' * 32}-")


def test_a_message_that_comes_twice_is_handled_once(city: City) -> None:
    said = message(city)
    assert [bring(said).status for _ in range(2)] == [204, 204]
    assert len(names(city, said)) == 1


def test_what_the_message_says_counts_and_not_the_headers_beside_it(city: City, other_city: City) -> None:
    said = message(city)
    assert (
        bring(
            said,
            "application/cloudevents+json",
            **{"ce-tenantid": str(other_city.id), "ce-actorid": "somebody"},
        ).status
        == 204
    )
    assert (len(names(city, said)), len(names(other_city, said))) == (1, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tenantid": None}, "NOT_AN_EVENT"),
        ({"specversion": None}, "NOT_AN_EVENT"),
        ({"id": 7}, "NOT_AN_EVENT"),
        ({"time": "soon"}, "NOT_AN_EVENT"),
        ({"source": {"a": []}}, "NOT_AN_EVENT"),
        ({"id": "a\u0000b"}, "NOT_AN_EVENT"),
        ({"id": "%00"}, "OK"),
        ({"id": "x" * 1001}, "NOT_AN_EVENT"),
        ({"tenantid": "1 OR 1=1"}, "NOT_AN_EVENT"),
        ({"type": "app.heidi.listing.approved"}, "VALIDATION_FAILED"),
        ({"data": "[]"}, "VALIDATION_FAILED"),
        ({"data": None}, "VALIDATION_FAILED"),
        ({"data": {"name": "a\u0000b"}}, "VALIDATION_FAILED"),
        ({"data_base64": "?"}, "NOT_AN_EVENT"),
        ({"data_base64": {}}, "NOT_AN_EVENT"),
        ({"tenantid": str(uuid4())}, "UNKNOWN_TENANT"),
    ],
)
def test_a_message_that_is_wrong_is_refused_for_good(city: City, change: dict[str, Any], code: str) -> None:
    answer = bring(message(city, **change))
    assert (answer.code if answer.status != 204 else "OK") == code
    assert answer.status == 204 or 400 <= answer.status < 500


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b"null", 422),
        (b"\xff", 422),
        (b'{"specversion":"1.0"}', 422),
        (b"[" * 5000, 422),
        (b"x" * (1024 * 1024 + 1), 413),
    ],
)
def test_a_message_that_is_no_event_is_refused_for_good(body: bytes, status: int) -> None:
    assert bring(body).status == status


def test_data_that_is_nested_too_deep_is_refused_and_does_no_harm(city: City) -> None:
    deep = json.dumps(message(city, data="@")).replace('"@"', "[" * 900 + "]" * 900)
    assert bring(deep.encode()).status == 422


def test_without_the_token_no_message_is_even_read(city: City) -> None:
    assert bring(b"x" * (1024 * 1024 + 1), token="wrong").code == "TOKEN_INVALID"
    assert bring(message(city), token="").code == "TOKEN_INVALID"


def test_connectors_reach_event_and_tick_functions_through_a_caddy_that_adds_the_token(
    gateway: Running,  # noqa: F811 (the fixture)
    city: City,
) -> None:
    port, said = free_port(), message(city)
    environment = os.environ | {
        "CONNECTORS_PORT": str(port),
        "HEIDI_UPSTREAM": f"127.0.0.1:{gateway.port}",
        "BROKER_TOKEN": settings().broker_token.get_secret_value(),
    }
    config = ("--adapter", "caddyfile", "--config", "deploy/openfaas/connectors.caddy")
    caddy = subprocess.Popen(
        [program("caddy"), "run", *config], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=8)
        ) as connector:
            eventually(lambda: connector.get("/health/live").is_success)
            listed = connector.get("/system/functions", auth=("admin", PASSWORD)).json()
            topics = {each["name"]: each["annotations"].get("topic", "") for each in listed}
            assert UserCreated.type() in topics[LISTENER].split(",")
            topic = {"X-Topic": UserCreated.type(), "X-Connector": "kafka"}
            assert (
                connector.post(f"/function/{LISTENER}.openfaas-fn", json=said, headers=topic).status_code
                == 204
            )
            assert names(city, said) == ["Ayşe 100 %"]
            assert topics["purge-sessions"] == "cron-function"
            assert connector.post(
                "/function/purge-sessions.openfaas-fn",
                headers={"X-Connector": "cron-function", "X-Topic": "cron-function"},
            ).is_success
            assert (
                gateway.post(f"/function/{LISTENER}.openfaas-fn", json=said, headers=topic).status_code == 401
            )
            refused = [
                connector.get("/system/functions"),
                connector.delete("/system/functions"),
                connector.get("/api/cities"),
                connector.post("/system/secrets"),
            ]
            assert [each.status_code for each in refused] == [401, 404, 404, 404]
    finally:
        caddy.terminate()
        caddy.wait(120)
