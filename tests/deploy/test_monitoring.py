"""The configuration of Prometheus, Alertmanager, Grafana and of what lies around them, read by the real
programs where there are some.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from broker.metrics import Metrics
from shared.telemetry.metrics import exposition
from tests.deploy import judge
from tests.programs import program
from tooling.generate.dashboards import HOPS
from tooling.registry import ROOT, records

HERE = ROOT / "deploy" / "monitoring"
RULES = sorted((HERE / "prometheus" / "rules").glob("*.yml"))
DASHBOARDS = sorted((HERE / "grafana" / "dashboards").glob("*.json"))
FUNCTIONS = {
    "heidi_http_requests_total",
    "heidi_http_request_errors_total",
    "heidi_http_request_duration_seconds_bucket",
    "heidi_memory_limit_bytes",
    "heidi_outside_calls_total",
    "heidi_cache_requests_total",
}
PLATFORM = {
    "heidi_outbox_events",
    "heidi_outbox_oldest_seconds",
    "heidi_dead_letters",
    "heidi_dead_letters_oldest_seconds",
    "heidi_builds",
    "heidi_build_queue_oldest_seconds",
    "heidi_deliveries",
    "heidi_circuit_state",
    "heidi_sessions",
    "heidi_build_duration_seconds_bucket",
    "heidi_build_duration_seconds_count",
}
OTHERS = {  # whose names we can only believe: exporters and operators that do not run here
    "up",
    "ALERTS",
    "process_resident_memory_bytes",
    # edge
    "probe_success",
    "probe_ssl_earliest_cert_expiry",
    "certmanager_certificate_expiration_timestamp_seconds",
    "pg_up",
    "pg_stat_database_numbackends",
    "pg_settings_max_connections",
    "pg_replication_lag_seconds",
    "pg_stat_archiver_failed_count",
    "cnpg_collector_up",
    "cnpg_backends_total",
    "cnpg_pg_settings_setting",
    "cnpg_pg_replication_lag",
    "cnpg_pg_stat_archiver_failed_count",
    "cnpg_collector_last_available_backup_timestamp",
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
    "cnpg_pgbouncer_pools_cl_waiting",
    "pgbouncer_pools_client_waiting_connections",
    "redis_up",
    "redis_memory_used_bytes",
    "redis_memory_max_bytes",
    "redis_evicted_keys_total",
    "redis_commands_processed_total",
    "rabbitmq_detailed_queue_messages_ready",
    "rabbitmq_detailed_queue_consumers",
    "kn_revision_pods_desired",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_cpu_seconds_total",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "node_network_receive_bytes_total",
    "node_network_transmit_bytes_total",
}
NAME = re.compile(r"(?<![\w:])[a-zA-Z]\w*(?:_\w+|:[\w:]+)(?![\w:]*\()|(?<![\w:])up\b")


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            yield f"{path.stem}: {panel['title']}", panel


def queries(kind: str) -> list[tuple[str, str]]:
    return [
        (title, target.get("expr") or target["query"])
        for title, panel in panels()
        for target in panel["targets"]
        if target["datasource"]["type"] == kind
    ]


def names(expr: str) -> set[str]:
    """The metrics of an expression: what is left without strings, label lists and what is grouped by."""
    by_name = {name for found in re.findall(r'__name__=~"([^"]+)"', expr) for name in found.split("|")}
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(
        r"\{[^}]*\}|\[[^\]]*\]|\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare
    )
    return by_name | set(NAME.findall(bare)) - {"group_left"}


def shown(text: bytes) -> set[str]:
    """The names of a page of metrics, a histogram's as it is asked for."""
    families = list(text_string_to_metric_families(text.decode()))
    suffix = {"counter": "_total", "histogram": "_bucket"}
    return {family.name + suffix.get(family.type, "") for family in families}


def broker() -> set[str]:
    from prometheus_client import generate_latest

    return shown(generate_latest(Metrics().registry))


@pytest.mark.parametrize(
    ("where", "expr"),
    [(rule.get("record") or rule["alert"], rule["expr"]) for rule in rules()] + queries("prometheus"),
    ids=lambda each: "" if "(" in each or "{" in each else each,
)
def test_every_metric_that_is_asked_for_is_one_that_somebody_has(where: str, expr: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = names(expr)
    assert asked or expr.startswith("vector("), where
    assert asked <= FUNCTIONS | PLATFORM | OTHERS | recorded | broker(), where


def test_functions_show_what_rules_and_dashboards_ask_for() -> None:
    found = shown(exposition())
    # that one only where a control group sets a limit
    assert found >= FUNCTIONS - {"heidi_memory_limit_bytes"}


def test_promtool_accepts_the_rules_and_every_dashboards_query(tmp_path: Path) -> None:
    asked = [
        {"record": f"panel:{n}", "expr": expr.replace("$namespace", ".*").replace("$service", ".*")}
        for n, (_, expr) in enumerate(queries("prometheus"))
    ]
    drawn = tmp_path / "dashboards.yml"
    drawn.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": asked}]}))
    done = subprocess.run(
        [program("promtool"), "check", "rules", *map(str, RULES), str(drawn)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_dashboards_are_whole() -> None:
    found = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert len({each["uid"] for each in found}) == len(found) == 5
    for each in found:
        assert each["schemaVersion"] >= 39
        assert [panel["id"] for panel in each["panels"]] == list(range(1, len(each["panels"]) + 1))
        taken = {
            (x, y)
            for panel in each["panels"]
            for at in [panel["gridPos"]]
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        # none covers another
        assert len(taken) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in each["panels"])
        assert max(x for x, _ in taken) < 24
        variables = {variable["name"] for variable in each["templating"]["list"]}
        assert set(re.findall(r"\$(\w+)", json.dumps(each["panels"]))) <= variables
        assert all(target["refId"] for panel in each["panels"] for target in panel["targets"])
        assert {panel["datasource"]["uid"] for panel in each["panels"]} <= sources()


def sources() -> set[str]:
    return {
        each["uid"]
        for each in yaml.safe_load((HERE / "grafana/provisioning/datasources/heidi.yml").read_text())[
            "datasources"
        ]
    }


def test_a_listings_way_is_the_way_that_its_events_take() -> None:
    created, approved = records()["create-listing"].emits, records()["approve-listing"].emits
    assert set(records()["notify-admins-of-pending-listing"].events) & set(created)
    assert set(records()["notify-contributor-of-approval"].events) & set(approved)
    assert set(records()["send-push"].events) & set(records()["notify-contributor-of-approval"].emits)
    titles = [title for title, _ in panels() if title.startswith("listing: ")]
    assert [title.split(". ")[1] for title in titles[: len(HOPS)]] == list(HOPS)


ROUTES = [
    ({"alertname": "ServiceDown", "severity": "critical"}, "oncall"),
    ({"alertname": "HighErrorRate", "severity": "warning"}, "team"),
    (
        {"alertname": "DatabaseConnectionFailure", "severity": "critical", "type": "database"},
        "database-team,oncall",
    ),
    ({"alertname": "RedisMemoryHigh", "severity": "warning", "type": "database"}, "database-team,team"),
    ({"alertname": "Watchdog", "severity": "none"}, "watchdog"),
    ({"alertname": "SomethingElse"}, "default"),
]


@pytest.mark.parametrize(("labels", "receivers"), ROUTES, ids=[labels["alertname"] for labels, _ in ROUTES])
def test_alerts_reach_who_should_hear_of_them(labels: dict[str, str], receivers: str) -> None:
    asked = [f"{key}={value}" for key, value in labels.items()]
    done = subprocess.run(
        [
            program("amtool"),
            "config",
            "routes",
            "test",
            f"--config.file={HERE / 'alertmanager/alertmanager.yml'}",
            f"--verify.receivers={receivers}",
            *asked,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_alertmanagers_configuration_is_one_and_inhibits_what_there_is() -> None:
    path = HERE / "alertmanager" / "alertmanager.yml"
    done = subprocess.run(
        [program("amtool"), "check-config", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    named = [
        part
        for rule in yaml.safe_load(path.read_text())["inhibit_rules"]
        for matcher in rule["source_matchers"] + rule["target_matchers"]
        if matcher.startswith("alertname")
        for part in matcher.split('"')[1].split("|")
    ]
    assert all(any(re.fullmatch(part, alert) for alert in alerts) for part in named)


def test_the_cluster_gets_every_file_and_accepts_every_object() -> None:
    done = subprocess.run(
        [program("kubectl"), "kustomize", str(HERE)], capture_output=True, text=True, check=True
    )
    objects = list(yaml.safe_load_all(done.stdout))
    assert [problem for each in objects for problem in judge.problems(each)] == []
    carried = {name for each in objects if each["kind"] == "ConfigMap" for name in each["data"]}
    assert carried >= {path.name for path in (*RULES, *DASHBOARDS)}


def test_every_pod_that_needs_no_more_runs_without_rights() -> None:
    done = subprocess.run(
        [program("kubectl"), "kustomize", str(HERE)], capture_output=True, text=True, check=True
    )
    for each in yaml.safe_load_all(done.stdout):
        if each["kind"] not in ("Deployment", "StatefulSet", "DaemonSet"):
            continue
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert len(pod["containers"]) == 1
        container = pod["containers"][0]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert re.fullmatch(r"docker\.io/[\w./-]+:v?\d+\.\d+\.\d+", container["image"])
        mounted, there = (
            {mount["name"] for mount in container.get("volumeMounts", [])},
            {volume["name"] for volume in pod.get("volumes", [])},
        )
        claimed = {claim["metadata"]["name"] for claim in each["spec"].get("volumeClaimTemplates", [])}
        assert mounted == there | claimed


@pytest.mark.parametrize("name", ["host", "cluster"])
def test_every_stage_of_a_collectors_pipeline_is_configured(name: str) -> None:
    said = yaml.safe_load((HERE / "otel-collector" / f"{name}.yml").read_text())
    for pipeline in said["service"]["pipelines"].values():
        for stage in ("receivers", "processors", "exporters"):
            assert set(pipeline[stage]) <= said[stage].keys()
        assert pipeline["processors"][0] == "memory_limiter"
        assert pipeline["processors"][-1] == "batch"
    used = {each for pipeline in said["service"]["pipelines"].values() for each in pipeline["exporters"]}
    assert used == said["exporters"].keys()
