"""A real Prometheus reads both configurations; it scrapes a real function, and rings when that is gone."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.gateway.support import answers, eventually, process
from tests.programs import program
from tooling.registry import ROOT
from tooling.stack.ports import free_port

HERE = ROOT / "deploy" / "monitoring" / "prometheus"
DISCOVERY = "kubernetes_sd_configs"
Labels = dict[str, str]


def pod(namespace: str, name: str, container: str, ports: Labels, **labels: str) -> list[Labels]:
    """A pod as Kubernetes tells Prometheus of it: one target for each port."""
    meta = {
        "namespace": namespace,
        "pod_name": name,
        "pod_container_name": container,
        "pod_phase": "Running",
        **labels,
    }
    return [
        {
            "__address__": f"10.0.0.1:{port}",
            "__meta_kubernetes_pod_container_port_name": called,
            "__meta_kubernetes_pod_container_port_number": port,
            **{f"__meta_kubernetes_{key}": value for key, value in meta.items()},
        }
        for called, port in ports.items()
    ]


PULLED = {"pod_annotation_prometheus_io_scrape": "true", "pod_annotation_prometheus_io_port": "8080"}
PODS = [
    *pod(
        "heidi-prod",
        "warm-1",
        "user-container",
        {"user-port": "8080"},
        **PULLED,
        pod_label_app_kubernetes_io_component="core",
        pod_label_serving_knative_dev_service="list-listings",
    ),
    *pod("heidi-prod", "warm-1", "queue-proxy", {"http-usermetric": "9091", "queue-port": "8012"}, **PULLED),
    *pod(
        "heidi-prod",
        "sleeps-1",
        "user-container",
        {"user-port": "8080"},
        pod_label_serving_knative_dev_service="create-city",
    ),
    *pod(
        "heidi-infra",
        "postgres-1",
        "postgres",
        {"postgresql": "5432", "metrics": "9187"},
        pod_label_cnpg_io_cluster="postgres",
    ),
    *pod("heidi-infra", "pgbouncer-1", "pgbouncer", {"pgbouncer": "5432", "metrics": "9127"}),
    *pod("heidi-infra", "rabbitmq-0", "rabbitmq", {"amqp": "5672", "prometheus": "15692"}),
    *pod("heidi-infra", "redis-0", "exporter", {"metrics": "9121"}),
    *pod("knative-serving", "autoscaler-1", "autoscaler", {"metrics": "9090", "websocket": "8080"}),
    *pod(
        "cert-manager",
        "cert-manager-1",
        "cert-manager-controller",
        {"http-metrics": "9402", "http-healthz": "9403"},
    ),
    *pod(
        "heidi-monitoring",
        "node-exporter-x",
        "node-exporter",
        {"metrics": "9100"},
        pod_node_name="n1",
        pod_label_app_kubernetes_io_name="node-exporter",
    ),
]


def moved(name: str, directory: Path) -> Any:
    """The configuration with files that exist here."""
    (directory / "internal-token").write_text("token")
    (directory / "edge.yml").write_text('[{"targets": ["https://heidi.example/health/live"]}]')
    text = (HERE / f"{name}.yml").read_text()
    for there, here in (
        ("/etc/heidi/rules", HERE / "rules"),
        ("/etc/heidi/secrets", directory),
        ("/etc/heidi/edge-targets", directory),
    ):
        text = text.replace(there, str(here))
    return yaml.safe_load(text.replace(f"{directory}/*.yml", f"{directory}/edge.yml"))


def told_of_pods(config: Any) -> Any:
    """Debian's Prometheus has no Kubernetes in it: each job is told of the pods in its namespaces, and
    relabels them.
    """
    for job in config["scrape_configs"]:
        if found := job.pop(DISCOVERY, None):
            [said] = found
            assert said.keys() == {"role", "namespaces"}
            assert said["role"] == "pod"
            where = said["namespaces"].get("names") or ["heidi-monitoring"]
            seen = [each for each in PODS if each["__meta_kubernetes_namespace"] in where]
            job["static_configs"] = [
                {
                    "targets": [each["__address__"]],
                    "labels": {k: v for k, v in each.items() if k != "__address__"},
                }
                for each in seen
            ]
    return config


@contextmanager
def prometheus(config: Any, directory: Path) -> Iterator[httpx.Client]:
    """Prometheus with this configuration, and its API."""
    path, port = directory / "prometheus.yml", free_port()
    path.write_text(yaml.safe_dump(config))
    arguments = [
        f"--config.file={path}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen([program("prometheus"), *arguments], stderr=log) as started,
    ):
        try:
            answers(f"http://127.0.0.1:{port}/-/ready", started)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1/") as client:
                yield client
        finally:
            started.kill()


@pytest.mark.parametrize("name", ["host", "cluster"])
def test_promtool_accepts_the_configuration_and_finds_its_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(told_of_pods(moved(name, tmp_path))))
    done = subprocess.run(
        [program("promtool"), "check", "config", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(list((HERE / 'rules').glob('*.yml')))} rule files found" in done.stdout


def test_of_a_clusters_pods_each_job_takes_what_is_its_own(tmp_path: Path) -> None:
    config = told_of_pods(moved("cluster", tmp_path))
    with prometheus(config, tmp_path) as api:
        eventually(lambda: api.get("targets?state=active").status_code == 200)  # before that it is not ready
        targets = eventually(lambda: api.get("targets?state=active").json()["data"]["activeTargets"])
    taken = {
        (
            each["labels"]["job"],
            each["discoveredLabels"]["__address__"].partition(":")[2],
            each["labels"]["instance"],
        )
        for each in targets
        if each["discoveredLabels"]["__address__"].startswith("10.0.0.1")
    }
    assert taken == {
        ("functions", "8080", "warm-1"),
        ("postgres", "9187", "postgres-1"),
        ("pgbouncer", "9127", "pgbouncer-1"),
        ("rabbitmq", "15692", "rabbitmq-0"),
        ("rabbitmq-queues", "15692", "rabbitmq-0"),
        ("redis", "9121", "redis-0"),
        ("knative", "9090", "autoscaler-1"),
        ("cert-manager", "9402", "cert-manager-1"),
        ("node", "9100", "n1"),
    }
    [warm] = [each for each in targets if each["labels"]["job"] == "functions"]
    assert warm["scrapeUrl"] == "http://10.0.0.1:8080/metrics"
    assert warm["labels"] == {
        "job": "functions",
        "instance": "warm-1",
        "namespace": "heidi-prod",
        "service": "core",
        "function": "list-listings",
        "type": "microservice",
    }


def at_once(directory: Path) -> str:
    """The rules as they are, except that nobody waits."""
    rules = yaml.safe_load((HERE / "rules" / "services.yml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"] if "for" in rule):
        rule["for"] = "0s"
    path = directory / "impatient.yml"
    path.write_text(yaml.safe_dump(rules))
    return str(path)


def test_a_function_that_is_gone_makes_an_alert_ring(tmp_path: Path) -> None:
    config, port = moved("host", tmp_path), free_port()
    config["global"] |= {
        "scrape_interval": "200ms",
        "scrape_timeout": "200ms",
        "evaluation_interval": "200ms",
    }
    config["rule_files"] = [at_once(tmp_path)]
    [job] = [job for job in config["scrape_configs"] if job["job_name"] == "functions"]
    job["static_configs"][0]["targets"] = [f"127.0.0.1:{port}"]
    config["scrape_configs"] = [job]
    with (
        process(
            "shared.runtime.server", FUNCTION_TARGET="list-listings", PORT=str(port), HOST="127.0.0.1"
        ) as function,
        prometheus(config, tmp_path) as api,
    ):
        answers(f"http://127.0.0.1:{port}/health/live", function)
        eventually(lambda: value(api) == "1")
        assert ringing(api) == []
        function.kill()
        [alert] = eventually(lambda: ringing(api))
    assert alert["labels"] | {"severity": "critical", "alertname": "ServiceDown"} == alert["labels"]
    assert alert["annotations"]["summary"] == "functions does not answer"


def value(api: httpx.Client) -> str | None:
    found = json.loads(api.get("query", params={"query": 'up{type="microservice"}'}).text)["data"]["result"]
    return found[0]["value"][1] if found else None


def ringing(api: httpx.Client) -> list[Any]:
    return [alert for alert in api.get("alerts").json()["data"]["alerts"] if alert["state"] == "firing"]
