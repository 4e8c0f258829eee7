"""A dozen Services instead of hundreds: what the component makes of an overlay, and how it runs."""

import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.city.factories import onboard, resolved
from tests.deploy.builds import KNATIVE, built, kustomize
from tests.deploy.caddy import INTERNAL, Cluster
from tests.deploy.controller import refusals
from tests.deploy.judge import Document
from tests.deploy.test_kustomize import (
    FROM_OUTSIDE,
    judged,
    kinds,
    knative_services,
    read_by_pods,
    referred_to,
)
from tests.support import City, Said
from tooling.generate import caddyfile, secrets, stack
from tooling.generate.common import addressed, public
from tooling.generate.triggers import BROKER
from tooling.generate.unit import together
from tooling.registry import ROOT, records

GROUPED, TRAEFIK, GATEWAY = "components/grouped", "routes/traefik", "routes/gateway-api"
FOLDER = KNATIVE / "components" / "grouped"
SERVICES = {record.service for record in records().values()}


@pytest.fixture(scope="module", params=[TRAEFIK, GATEWAY])
def found(request: pytest.FixtureRequest) -> tuple[Document, ...]:
    return built("prod", ("components/vault", request.param, GROUPED))


def test_the_cluster_takes_it_and_whatever_it_names_is_there(found: tuple[Document, ...]) -> None:
    import json

    assert [line for document in found for line in judged(json.dumps(document))] == []
    assert knative_services(found).keys() == SERVICES
    assert [line for each in knative_services(found).values() for line in refusals(each)] == []
    there = {(each["apiVersion"], each["kind"], each["metadata"]["name"]) for each in found}
    assert (read_by_pods(found) | referred_to(found)) - there - FROM_OUTSIDE == set()
    kept = {
        each["spec"]["selector"]["matchLabels"].get("serving.knative.dev/service", "internal-gateway")
        for each in found
        if each["kind"] == "PodDisruptionBudget"
    }
    assert kept == {unit.name for unit in together(records()) if unit.min_scale} | {"internal-gateway"}


def test_a_service_has_what_its_functions_have_and_nothing_of_another(found: tuple[Document, ...]) -> None:
    for name, service in knative_services(found).items():
        own = [record for record in records().values() if record.service == name]
        spec = service["spec"]["template"]["spec"]
        [container] = spec["containers"]
        told = {each["secretRef"]["name"] for each in container["envFrom"] if "secretRef" in each}
        assert told == {each for record in own for each in secrets.secrets(record)}
        assert spec["serviceAccountName"] == f"heidi-{name}"
        assert {each["name"]: each["value"] for each in container["env"]}["FUNCTION_TARGET"] == name
        assert spec["timeoutSeconds"] == max(record.timeout for record in own)
        assert service["metadata"]["labels"]["networking.knative.dev/visibility"] == "cluster-local"


def test_who_may_hand_in_events_again_is_the_service_that_does_it(found: tuple[Document, ...]) -> None:
    policies = kinds(found, "NetworkPolicy", "networking.k8s.io")
    alone = kinds(built("prod"), "NetworkPolicy", "networking.k8s.io")
    [replays] = [
        each["podSelector"]["matchLabels"]["serving.knative.dev/service"]
        for each in policies["internal-gateway-events"]["spec"]["ingress"][0]["from"]
        if "serving.knative.dev/service" in each.get("podSelector", {}).get("matchLabels", {})
    ]
    assert replays == records()["replay-dead-letter"].service
    assert policies.keys() == alone.keys()
    assert {n for n in policies if policies[n] != alone[n]} == {"internal-gateway-events"}


def test_every_public_address_leads_to_its_service(found: tuple[Document, ...]) -> None:
    own = {f"{name}.heidi-prod.svc.cluster.local" for name in SERVICES}
    for each in found:
        if each["kind"] == "Middleware" and each["metadata"]["labels"].get("heidi.app/middleware") == "host":
            service = records()[each["metadata"]["name"]].service
            assert each["spec"]["headers"]["customRequestHeaders"]["Host"].split(".")[0] == service
        if each["kind"] == "HTTPRoute" and each["metadata"]["labels"].get("heidi.app/routes") == "functions":
            hosts = {rule["filters"][0]["urlRewrite"]["hostname"] for rule in each["spec"]["rules"]}
            assert hosts <= own
            assert {host.split(".")[0] for host in hosts} == {each["metadata"]["labels"]["heidi.app/service"]}


def test_one_trigger_and_so_one_dispatcher_a_service_and_all_clocks(found: tuple[Document, ...]) -> None:
    triggers = kinds(found, "Trigger", "eventing.knative.dev")
    hearing = {record.service for record in records().values() if record.types}
    assert {name: each["spec"]["subscriber"]["uri"] for name, each in triggers.items()} == {
        name: f"/events/{name}" for name in hearing
    }
    assert {each["spec"]["broker"] for each in triggers.values()} == {BROKER}
    assert not any("filter" in each["spec"] for each in triggers.values())
    assert kinds(found, "PingSource", "sources.knative.dev") == kinds(
        built("prod"), "PingSource", "sources.knative.dev"
    )


def test_the_internal_gateway_reads_the_components_routes(found: tuple[Document, ...]) -> None:
    [told] = [
        each["data"]
        for name, each in kinds(found, "ConfigMap").items()
        if name.startswith("internal-gateway-")
    ]
    assert told["routes.caddy"] == (FOLDER / "routes.caddy").read_text("utf-8")
    assert told["Caddyfile"] == INTERNAL.read_text("utf-8")


def test_the_edges_routes_know_the_same_addresses() -> None:
    single, grouped = caddyfile.edge(records()), caddyfile.edge_grouped(records())
    for record in public(records().values()):
        single = single.replace(f'" {record.name} ', f'" {record.service} ')
    assert single == grouped


def test_openfaas_has_the_same_choice() -> None:
    import yaml

    functions: dict[str, Any] = yaml.safe_load(stack.grouped(records()))["functions"]
    ticks = {record.name for record in records().values() if record.kind == "tick"}
    assert functions.keys() == SERVICES | ticks
    for name in SERVICES:
        own = [record for record in records().values() if record.service == name]
        topics = functions[name]["annotations"].get("topic", "")
        assert set(filter(None, topics.split(","))) >= {t for r in own for t in r.types if t != "*"}
        assert set(functions[name]["secrets"]) == {each for record in own for each in secrets.secrets(record)}
    made = kustomize(ROOT / "deploy" / "openfaas-grouped")
    [door] = [each for each in made if each["metadata"]["name"] == "openfaas-to-internal-gateway"]
    assert door["spec"]["ingress"][2]["from"][0]["podSelector"]["matchLabels"] == {
        "faas_function": "platform"
    }
    assert knative_services(made) == {}
    assert kinds(made, "Trigger", "eventing.knative.dev").keys() == {
        record.service for record in records().values() if record.types
    }


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three services of it, behind a real Caddy with the component's routes."""
    home = tmp_path_factory.mktemp("grouped")
    config = home / "config" / "Caddyfile"
    config.parent.mkdir()
    shutil.copy(INTERNAL, config)
    shutil.copy(FOLDER / "routes.caddy", config.parent)
    with Cluster.started(home, "city", "core", "platform", config=config) as started:
        yield started


@pytest.fixture
def onboarded(city: City) -> Said:
    """What was said about a city that really is in the registry."""
    answer = onboard(city)
    assert answer.status == 201, answer.body
    return City(resolved(answer.body["id"])).events("city.onboarded")[0]


def test_an_event_comes_to_all_of_a_service_and_to_services_that_hear_it(
    cluster: Cluster, onboarded: Said
) -> None:
    said, home = onboarded.envelope.headers(), City(resolved(str(onboarded.envelope.tenant_id)))
    gateway = f"http://127.0.0.1:{cluster.events}"
    assert (
        httpx.post(f"{gateway}/events/core", content=onboarded.text, headers=said, timeout=60).status_code
        == 204
    )
    for table in ("categories", "tiles"):
        assert home.rows("core", f"SELECT 1 FROM {table} LIMIT 1") == [[1]]
    # one that is not even running, of what it does not hear
    stranger = said | {"ce-type": "app.heidi.media.uploaded"}
    assert httpx.post(f"{gateway}/events/analytics", content=b"{}", headers=stranger).status_code == 204
    assert httpx.post(f"{gateway}/events/users", content=onboarded.text, headers=said).status_code in (
        204,
        404,
    )


def test_functions_of_different_services_find_each_other_and_ticks_and_replays_their_function(
    cluster: Cluster, onboarded: Said
) -> None:
    home = City(resolved(str(onboarded.envelope.tenant_id)))
    asked = f"http://127.0.0.1:{cluster.inside}/api/categories"
    home.rows("city", "UPDATE cities SET preparing = false RETURNING 1")
    # core asks city who that is
    assert httpx.get(asked, headers={"X-Tenant-ID": home.tenant.slug}, timeout=60).status_code == 200
    gateway = f"http://127.0.0.1:{cluster.events}"
    assert httpx.post(f"{gateway}/ticks/gather-stored-bytes", timeout=60).status_code == 204
    said = onboarded.envelope.headers()
    for name in ("create-default-tiles", "core"):
        answer = httpx.post(f"{gateway}/replays/{name}", content=onboarded.text, headers=said, timeout=60)
        assert answer.status_code == 204
    # from a Trigger of a function's own, as long as its queue is not empty; and from nobody's
    old = httpx.post(f"{gateway}/events/create-default-tiles", content=onboarded.text, headers=said)
    assert old.status_code == 204
    assert httpx.post(f"{gateway}/events/list-listings", content=b"{}", headers=said).status_code == 404


def test_every_address_and_every_callee_has_a_line() -> None:
    text = (FOLDER / "routes.caddy").read_text("utf-8")
    for record in addressed(records().values()):
        for path in record.addresses:
            assert f"{caddyfile.line(path, record.method)} {record.service}\n" in text
    for record in records().values():
        if record.kind == "tick":
            assert f'"POST /ticks/{record.name}" {record.service} /function/{record.name}\n' in text
