"""The overlays: kustomize builds them, the cluster would take them, and whatever they name is there."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from shared.kit.settings import Settings
from tests.deploy.builds import INFRA, KNATIVE, OVERLAYS, built, folders, kustomize, sets
from tests.deploy.judge import Document, problems
from tooling.generate import secrets
from tooling.generate.common import IMAGE, VERSION
from tooling.generate.secrets import FOR_ALL
from tooling.generate.triggers import BROKER
from tooling.generate.version import MIGRATION
from tooling.registry import ROOT, records, services

# what components do to each other is the same in every overlay: all sets in prod, elsewhere none, each and most
MOST = max(map(len, sets()))
ALL = [
    (overlay, added)
    for overlay in OVERLAYS
    for added in sets()
    if overlay == "prod" or len(added) in (0, 1, MOST)
]
FROM_OUTSIDE = {
    ("v1", "Secret", name)
    for name in (
        # by hand, or Vault
        "heidi-secrets",
        "heidi-owner",
        "heidi-door",
        *map(secrets.account, services()),
        *map(secrets.secret, secrets.POWERS.values()),
    )
}
QUANTITY = {"": 1, "m": 0.001, "k": 1000, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def kinds(documents: tuple[Document, ...], kind: str, group: str = "") -> dict[str, Document]:
    """The documents of one kind by name."""
    return {
        each["metadata"]["name"]: each
        for each in documents
        if each["kind"] == kind and each["apiVersion"].rpartition("/")[0] == group
    }


def knative_services(documents: tuple[Document, ...]) -> dict[str, Document]:
    return kinds(documents, "Service", "serving.knative.dev")


def values(node: Any, *names: str) -> Iterator[Any]:
    """Whatever stands under one of these keys, anywhere."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key in names)
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        yield from values(each, *names)


def texts(node: Any) -> Iterator[str]:
    """All strings."""
    if isinstance(node, str):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        yield from texts(each)


def pods(documents: tuple[Document, ...]) -> Iterator[Document]:
    """The pods' specifications, Knative's included."""
    for template in values(documents, "template"):
        if "containers" in template.get("spec", {}):
            yield template["spec"]


@lru_cache(None)
def judged(text: str) -> list[str]:
    """What is wrong with a document; most are the same in every build."""
    return problems(json.loads(text))


@pytest.mark.parametrize(("overlay", "added"), ALL)
def test_every_build_is_what_the_cluster_takes_names_what_is_there_and_stays_in_its_environment(
    overlay: str, added: tuple[str, ...]
) -> None:
    found = built(overlay, added)
    assert [line for document in found for line in judged(json.dumps(document))] == []
    assert {each["metadata"].get("namespace", each["metadata"]["name"]) for each in found} == {
        f"heidi-{overlay}"
    }
    assert len({(each["apiVersion"], each["kind"], each["metadata"]["name"]) for each in found}) == len(found)
    named = read_by_pods(found) | referred_to(found)
    assert (
        named
        - {(each["apiVersion"], each["kind"], each["metadata"]["name"]) for each in found}
        - FROM_OUTSIDE
        == set()
    )
    assert len(named) > 20
    assert namespaces(found) - {f"heidi-{overlay}", "heidi-monitoring", "kourier-system"} == {INFRA[overlay]}


def read_by_pods(found: tuple[Document, ...]) -> set[tuple[str, str, str]]:
    """The ConfigMaps, Secrets and ServiceAccounts that pods are started with."""
    named = {("v1", "ServiceAccount", name) for name in values(found, "serviceAccountName")}
    for pod in pods(found):
        named |= {
            ("v1", "ConfigMap", each["name"])
            for each in values(pod, "configMapRef", "configMapKeyRef", "configMap")
        }
        named |= {("v1", "Secret", each["name"]) for each in values(pod, "secretRef", "secretKeyRef")}
    return named


def referred_to(found: tuple[Document, ...]) -> set[tuple[str, str, str]]:
    """What eventing and External Secrets lead to."""
    named = {("v1", "ServiceAccount", each["name"]) for each in values(found, "serviceAccountRef")}
    named |= {
        ("external-secrets.io/v1", each["kind"], each["name"]) for each in values(found, "secretStoreRef")
    }
    for each in found:
        if each["kind"] in ("Trigger", "PingSource", "Broker", "EventType"):
            named |= {
                (ref["apiVersion"], ref["kind"], ref["name"])
                for ref in values(each["spec"], "ref", "reference", "config")
            }
        if each["kind"] == "Trigger":
            named |= {("eventing.knative.dev/v1", "Broker", each["spec"]["broker"])}
    return named


def namespaces(found: tuple[Document, ...]) -> set[str]:
    """In which namespaces the addresses are, of hosts and of RabbitMQ; those in a Caddyfile are its defaults."""
    told = [each for each in found if not each["metadata"]["name"].startswith("internal-gateway-")]
    hosts = {
        host for text in texts(told) for host in re.findall(r"[a-z0-9.-]+\.svc(?:\.cluster\.local)?", text)
    }
    named = {re.sub(r"\.svc(\.cluster\.local)?$", "", host).rpartition(".")[2] for host in hosts}
    return named | {each["namespace"] for each in values(found, "rabbitmqClusterReference")}


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_whatever_else_can_be_built_is_what_its_kinds_allow(folder: Path) -> None:
    found = kustomize(folder)
    assert found
    assert [line for document in found for line in problems(document)] == []


def test_the_base_names_no_namespace() -> None:
    found = kustomize(KNATIVE / "base")
    assert [each["metadata"]["name"] for each in found if "namespace" in each["metadata"]] == []
    assert set(values(found, "namespace")) == {"heidi-infra"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_events_and_ticks_end_at_a_function(overlay: str) -> None:
    found = built(overlay)
    ends = [*values(found, "subscriber"), *values(found, "sink"), *values(found, "deadLetterSink")]
    assert {end["ref"]["name"] for end in ends} == {"internal-gateway-events"}
    doors: dict[str, set[str]] = {"events": set(), "ticks": set()}
    for end in ends:
        _, door, function = end["uri"].split("/")
        doors[door].add(function)
    assert doors["ticks"] == {record.name for record in records().values() if record.cron}
    assert doors["events"] - {"keep-dead-letter"} == {
        record.name for record in records().values() if record.types
    }
    assert doors["events"] - {"keep-dead-letter"} <= knative_services(found).keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_functions_find_the_broker_and_each_other_by_names_of_their_own_namespace(overlay: str) -> None:
    found = built(overlay)
    told = kinds(found, "ConfigMap")["heidi-settings"]["data"]
    assert told["HEIDI_NAMESPACE"] == f"heidi-{overlay}"  # for the routes, which rewrite hosts
    # the Service that the RabbitMQ broker makes
    assert told["BROKER_URL"] == f"http://{BROKER}-broker-ingress"
    assert kinds(found, "Broker", "eventing.knative.dev").keys() == {BROKER}
    name, _, port = told["GATEWAY_URL"].removeprefix("http://").partition(":")
    assert int(port) in [each["port"] for each in kinds(found, "Service")[name]["spec"]["ports"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_functions_are_told_are_settings_that_they_accept(
    overlay: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = kinds(built(overlay), "ConfigMap")["heidi-settings"]["data"]
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in told.items() | {
        (name, "s" * 40) for name in FOR_ALL if name not in ("JWT_KEYS", "SENTRY_DSN")
    }:
        monkeypatch.setenv(name, value)
    accepted = Settings()
    assert accepted.environment == "production"
    assert (accepted.log_level == "DEBUG") is (overlay == "dev")
    threads = [
        int(each["value"])
        for env in values(built(overlay), "env")
        for each in env
        if each["name"] == "WORKER_THREADS"
    ]
    assert accepted.postgres_pool_size == max(threads)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_one_version_is_deployed_and_migrates_once(overlay: str) -> None:
    found = built(overlay)
    assert {image for image in values(found, "image") if "heidi" in image} == {IMAGE}
    assert kinds(found, "Job", "batch").keys() == {MIGRATION} == {f"migrate-{VERSION.replace('.', '-')}"}


def test_the_first_step_is_what_the_migration_needs_and_nothing_that_runs_functions() -> None:
    before = tuple(
        each
        for each in built("prod")
        if each["metadata"].get("labels", {}).get("heidi.app/phase") == "before"
    )
    names = {(each["kind"], each["metadata"]["name"]) for each in before}
    assert {
        ("Namespace", "heidi-prod"),
        ("ConfigMap", "heidi-settings"),
        ("ServiceAccount", "heidi-migrate"),
        ("Job", MIGRATION),
        ("LimitRange", "heidi"),
        ("ResourceQuota", "heidi"),
        ("NetworkPolicy", "nobody"),
    } <= names
    assert {kind for kind, _ in names} & {"Deployment", "Trigger", "PingSource"} == set()
    assert knative_services(before) == {}
    assert {
        each["name"] for pod in pods(before) for each in values(pod, "configMapRef", "configMapKeyRef")
    } == {"heidi-settings"}


@pytest.mark.parametrize(("overlay", "warm", "most"), [("dev", 1, 2), ("staging", 2, 5), ("prod", 3, 20)])
def test_what_stays_warm_does_so_in_the_number_of_the_environment(overlay: str, warm: int, most: int) -> None:
    for name, service in knative_services(built(overlay)).items():
        record, annotations = records()[name], service["spec"]["template"]["metadata"]["annotations"]
        least, limit = (int(annotations[f"autoscaling.knative.dev/{end}-scale"]) for end in ("min", "max"))
        assert least == (warm if record.min_scale else 0), name
        assert limit == (1 if record.kind == "tick" else most), name
    gateway = kinds(built(overlay), "Deployment", "apps")["internal-gateway"]
    assert gateway["spec"]["replicas"] == warm


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_quota_has_room_for_a_release_that_starts_every_function(overlay: str) -> None:
    found = built(overlay)
    [quota], [limits] = kinds(found, "ResourceQuota").values(), kinds(found, "LimitRange").values()
    unsaid = limits["spec"]["limits"][0]
    needed = {"requests.cpu": 0.0, "requests.memory": 0.0, "limits.memory": 0.0, "pods": 0.0}
    for instances, *sizes in running(
        found, amount(unsaid["defaultRequest"]["memory"]), amount(unsaid["default"]["memory"])
    ):
        for name, size in zip(needed, (*sizes, 1), strict=True):
            needed[name] += instances * size
    assert {
        name: size for name, size in needed.items() if 1.25 * size > amount(quota["spec"]["hard"][name])
    } == {}
    assert max(record.memory for record in records().values()) * 2**20 <= amount(unsaid["max"]["memory"])


def running(
    found: tuple[Document, ...], request: float, limit: float
) -> Iterator[tuple[int, float, float, float]]:
    """Instances, cores, bytes and most bytes of each thing while a release is rolled out.

    Knative starts each new revision once (initial-scale) while the old ones run; its sidecar asks for 25m,
    and for what the LimitRange says.
    """
    for service in knative_services(found).values():
        template = service["spec"]["template"]
        sizes = template["spec"]["containers"][0]["resources"]
        warm = int(template["metadata"]["annotations"]["autoscaling.knative.dev/min-scale"])
        yield (
            2 * warm or 1,
            amount(sizes["requests"]["cpu"]) + 0.025,
            amount(sizes["requests"]["memory"]) + request,
            amount(sizes["limits"]["memory"]) + limit,
        )
    dispatchers = [
        each["metadata"]["annotations"]
        for kind in ("Trigger", "Broker")
        for each in kinds(found, kind, "eventing.knative.dev").values()
    ]
    for asked in dispatchers:
        of = {name.partition("/")[2]: value for name, value in asked.items()}
        yield 1, amount(of["cpu-request"]), amount(of["memory-request"]), amount(of["memory-limit"])
    for deployment in kinds(found, "Deployment", "apps").values():
        sizes = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]
        yield (
            deployment["spec"]["replicas"] + 1,
            amount(sizes["requests"]["cpu"]),
            amount(sizes["requests"]["memory"]),
            amount(sizes["limits"]["memory"]),
        )


def amount(quantity: str) -> float:
    """Kubernetes' way to write numbers."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(quantity)).groups()  # type: ignore[union-attr]  # no match fails, as it should
    return float(number) * QUANTITY[unit]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_sizes_are_spelled_as_kubernetes_stores_them(overlay: str) -> None:
    said = {
        str(size)
        for sizes in values(built(overlay), "requests", "limits", "hard")
        if isinstance(sizes, dict)
        for size in sizes.values()
    }
    assert len(said) > 10
    assert {size for size in said if size != stored(size)} == set()  # each `apply` would change it again


def stored(quantity: str) -> str:
    """The shortest whole number with a unit of its kind."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity).groups()  # type: ignore[union-attr]  # no match fails, as it should
    larger = {
        "": ("k", 1000),
        "k": ("M", 1000),
        "m": ("", 1000),
        "Ki": ("Mi", 1024),
        "Mi": ("Gi", 1024),
        "Gi": ("Ti", 1024),
    }
    while unit in larger and number.isdigit() and int(number) % larger[unit][1] == 0 and int(number):
        number, unit = str(int(number) // larger[unit][1]), larger[unit][0]
    return number + unit


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_helm_would_take_what_is_built_as_it_is(overlay: str) -> None:
    assert [text for text in texts(list(built(overlay))) if "{{" in text] == []  # decision 17


def test_no_pod_may_do_more_than_it_must() -> None:
    for pod in pods(built("prod")):
        assert pod["automountServiceAccountToken"] is False
        whole = pod.get("securityContext", {})
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            may = whole | container["securityContext"]
            assert (may["runAsNonRoot"], may["allowPrivilegeEscalation"], may["readOnlyRootFilesystem"]) == (
                True,
                False,
                True,
            )
            assert may["capabilities"]["drop"] == ["ALL"]
            assert may["seccompProfile"] == {"type": "RuntimeDefault"}
            assert container["resources"]["limits"]["memory"]


def test_our_services_find_our_pods_at_ports_that_they_have() -> None:
    found = built("prod")
    for name, service in kinds(found, "Service").items():
        [pod] = [
            each["spec"]["template"]
            for each in kinds(found, "Deployment", "apps").values()
            if service["spec"]["selector"].items() <= each["spec"]["template"]["metadata"]["labels"].items()
        ]
        open_ports = {port["name"] for container in pod["spec"]["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports, name


def test_what_pods_run_is_in_the_image() -> None:
    lines = re.findall(
        r"^COPY (?!--)(.+)$", (ROOT / "deploy" / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )
    copied = {word for line in lines for word in line.split()[:-1]}
    commands = [" ".join(command) for pod in pods(built("prod")) for command in values(pod, "command")]
    modules = [
        module for command in commands for module in re.findall(r"-m ([\w.]+)|from ([\w.]+) import", command)
    ]
    assert len(modules) == len(commands) == 2
    for module in map("".join, modules):
        assert find_spec(module), module
        assert {module.partition(".")[0], module.replace(".", "/") + ".py"} & copied


def test_every_service_is_run_as_itself_and_every_function_told_only_its_own_secrets() -> None:
    for name, service in knative_services(built("prod")).items():
        pod, of = service["spec"]["template"]["spec"], records()[name].service
        assert pod["serviceAccountName"] == f"heidi-{of}"
        assert [each["name"] for each in values(pod, "secretRef")] == secrets.secrets(records()[name])
    owners = [
        pod
        for pod in pods(built("prod"))
        if "heidi-owner" in {each["name"] for each in values(pod, "secretRef")}
    ]
    assert [pod["serviceAccountName"] for pod in owners] == ["heidi-migrate"]


def test_with_vault_every_secret_comes_from_there_and_is_read_by_its_own_account() -> None:
    found = built("prod", ("components/vault",))
    external = kinds(found, "ExternalSecret", "external-secrets.io")
    named = {each["name"] for pod in pods(found) for each in values(pod, "secretRef", "secretKeyRef")}
    assert external.keys() == named
    stores = kinds(found, "SecretStore", "external-secrets.io")
    for each in external.values():
        reader = stores[each["spec"]["secretStoreRef"]["name"]]["spec"]["provider"]["vault"]["auth"][
            "kubernetes"
        ]["serviceAccountRef"]
        assert each["spec"]["dataFrom"] == [{"extract": {"key": f"heidi/{reader['name']}"}}]
    assert len({each["spec"]["secretStoreRef"]["name"] for each in external.values()}) == len(external)
    assert {
        each["metadata"]["labels"].get("heidi.app/phase") for each in [*external.values(), *stores.values()]
    } == {"before"}


def test_only_dispatchers_the_clock_and_whoever_sends_dead_letters_again_reach_the_door_with_the_token() -> (
    None
):
    policies = kinds(built("prod"), "NetworkPolicy", "networking.k8s.io")
    assert policies["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    opening = {
        name: [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]]
        for name, policy in policies.items()
        if policy["spec"].get("ingress")
    }
    assert [name for name, ports in opening.items() if 8081 in ports] == ["internal-gateway-events"]
    [rule] = policies["internal-gateway-events"]["spec"]["ingress"]
    dispatchers, operator, clock = rule["from"]
    assert operator == {"podSelector": {"matchLabels": {"serving.knative.dev/service": "replay-dead-letter"}}}
    assert "namespaceSelector" not in dispatchers
    assert dispatchers["podSelector"]["matchLabels"] == {"eventing.knative.dev/broker": BROKER}
    assert clock["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "knative-eventing"}


def test_budgets_leave_something_running_and_let_nodes_be_emptied() -> None:
    budgets = kinds(built("prod"), "PodDisruptionBudget", "policy")
    assert budgets.keys() == {record.name for record in records().values() if record.min_scale} | {
        "internal-gateway"
    }
    assert {each["spec"]["maxUnavailable"] for each in budgets.values()} == {1}
    for name, each in budgets.items():
        label = "app.kubernetes.io/name" if name == "internal-gateway" else "serving.knative.dev/service"
        assert each["spec"]["selector"]["matchLabels"] == {label: name}
