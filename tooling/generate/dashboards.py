"""deploy/monitoring/grafana/dashboards/: Grafana's dashboards, a line or two for each panel."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.record import Record
from tooling.generate.common import Document

SCHEMA = 39                      # of Grafana 11; newer ones read it and raise it by themselves
PROMETHEUS, LOKI, TEMPO = ({"type": kind, "uid": kind} for kind in ("prometheus", "loki", "tempo"))
HEIGHT, WIDTH = 8, 24
WHERE = 'namespace=~"$namespace"'
RATE, SHARE, SECONDS, BYTES, COUNT = "reqps", "percentunit", "s", "bytes", "short"
Query = tuple[str, str]          # PromQL, and how to call its lines


@dataclass(frozen=True)
class Panel:
    """One diagram: what it shows, in which unit, as a third, half or the whole of a row."""

    title: str
    unit: str
    queries: list[Query]
    kind: str = "timeseries"
    width: int = 8
    source: Document = field(default_factory=lambda: PROMETHEUS)

    def draw(self, number: int, x: int, y: int) -> Document:
        """As Grafana stores it."""
        targets = [target(self.source, ref, *query) for ref, query in zip("ABCDEFGHIJ", self.queries, strict=False)]
        plain = {"id": number, "type": self.kind, "title": self.title, "datasource": self.source, "targets": targets,
                 "gridPos": {"h": HEIGHT, "w": self.width, "x": x, "y": y}}
        return plain | {"fieldConfig": {"defaults": {"unit": self.unit}, "overrides": []}, "options": {}}


def target(source: Document, ref: str, expr: str, legend: str) -> Document:
    """One query of a panel."""
    if source == TEMPO:
        return {"refId": ref, "datasource": source, "queryType": "traceql", "query": expr, "limit": 20}
    return {"refId": ref, "datasource": source, "expr": expr, "legendFormat": legend}


@dataclass(frozen=True)
class Dashboard:
    """Panels in rows, and what can be chosen above them."""

    uid: str
    title: str
    panels: list[Panel]
    variables: list[Document] = field(default_factory=list)

    def render(self) -> str:
        """The JSON document."""
        namespace = chosen("namespace", "label_values(up, namespace)")
        document = {
            "uid": f"heidi-{self.uid}", "title": self.title, "tags": ["heidi", "generated"], "schemaVersion": SCHEMA, "editable": False,
            "timezone": "browser", "refresh": "30s", "time": {"from": "now-3h", "to": "now"},
            "templating": {"list": [namespace, *self.variables]}, "panels": arranged(self.panels)}
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def arranged(panels: list[Panel]) -> list[Document]:
    """From left to right; a new row when the next one does not fit."""
    found, x, y = [], 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > WIDTH:
            x, y = 0, y + HEIGHT
        found.append(panel.draw(number, x, y))
        x += panel.width
    return found


def chosen(name: str, query: str) -> Document:
    """A list to choose from; everything at first, series without the label too."""
    return {"name": name, "type": "query", "datasource": PROMETHEUS, "query": {"query": query, "refId": name}, "refresh": 2,
            "includeAll": True, "multi": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}


def typed(name: str, label: str) -> Document:
    """A field to type into."""
    return {"name": name, "label": label, "type": "textbox", "query": "", "current": {"text": "", "value": ""}}


def p95(which: str) -> str:
    """The 95th percentile of calls, over all instances."""
    return f"histogram_quantile(0.95, sum by (le) (rate(heidi_http_request_duration_seconds_bucket{{{which}}}[5m])))"


def infrastructure(_: Mapping[str, Record]) -> str:
    """Requirements §15.3: Postgres, Redis, RabbitMQ, hosts."""
    return Dashboard("infrastructure", "Infrastructure", [
        Panel("Not watched (up = 0)", COUNT, [("up == 0", "{{job}} {{instance}}")]),
        Panel("Postgres: connections used", SHARE, [(f"heidi:postgres:connections_ratio{{{WHERE}}}", "{{instance}}")]),
        Panel("Postgres: replication lag", SECONDS, [(f"heidi:postgres:replication_lag_seconds{{{WHERE}}}", "{{instance}}")]),
        Panel("PgBouncer: clients that wait", COUNT,
              [("sum by (namespace) (cnpg_pgbouncer_pools_cl_waiting or pgbouncer_pools_client_waiting_connections)", "{{namespace}}")]),
        Panel("Postgres: age of the newest backup", SECONDS, [("time() - heidi:postgres:backup_timestamp", "{{namespace}}")]),
        Panel("Postgres: failed WAL archiving in 15 min", COUNT, [("heidi:postgres:wal_archive_failures15m", "{{namespace}}")]),
        Panel("Redis: memory", BYTES, [("redis_memory_used_bytes", "{{instance}}"), ("redis_memory_max_bytes", "limit {{instance}}")]),
        Panel("Redis: commands", RATE, [("sum by (instance) (rate(redis_commands_processed_total[5m]))", "{{instance}}")]),
        Panel("Redis: keys thrown away", RATE, [("sum by (instance) (rate(redis_evicted_keys_total[5m]))", "{{instance}}")]),
        Panel("RabbitMQ: longest queues", COUNT, [(f"topk(10, heidi:queue:length{{{WHERE}}})", "{{queue}}")]),
        Panel("RabbitMQ: consumers", COUNT, [("sum by (namespace) (rabbitmq_detailed_queue_consumers)", "{{namespace}}")]),
        Panel("Knative: pods wanted", COUNT, [("topk(10, max by (kn_service_name) (kn_revision_pods_desired))", "{{kn_service_name}}")]),
        Panel("Hosts: CPU", SHARE, [('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "{{instance}}")]),
        Panel("Hosts: memory free", SHARE, [("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}")]),
        Panel("Hosts: disk free", SHARE, [("heidi:disk:free_ratio", "{{instance}} {{mountpoint}}")]),
        Panel("Edge: answers from outside", COUNT, [('probe_success{job="edge"}', "{{instance}}")]),
        Panel("Edge: certificate is valid for", SECONDS, [("probe_ssl_earliest_cert_expiry - time()", "{{instance}}")]),
        Panel("Hosts: network", BYTES, [('sum by (instance) (rate(node_network_receive_bytes_total{device!="lo"}[5m]))', "in {{instance}}"),
                                        ('sum by (instance) (rate(node_network_transmit_bytes_total{device!="lo"}[5m]))', "out {{instance}}")]),
    ]).render()


def microservices(_: Mapping[str, Record]) -> str:
    """Requirements §15.3: rates, durations, errors, memory."""
    which = f'{WHERE},service=~"$service"'
    return Dashboard("microservices", "Microservices", [
        Panel("Requests", RATE, [(f"sum by (service) (heidi:requests:rate5m{{{which}}})", "{{service}}")]),
        Panel("Errors (5xx)", SHARE, [(f"heidi:error_ratio:rate5m{{{which}}}", "{{service}}")]),
        Panel("p95 by service (HTTP)", SECONDS, [(f"heidi:latency:p95_5m{{{which}}}", "{{service}}")]),
        Panel("Durations of all calls", COUNT,
              [(f"sum by (le) (increase(heidi_http_request_duration_seconds_bucket{{{which}}}[$__rate_interval]))", "{{le}}")], "heatmap", 12),
        Panel("Error budget: burn over an hour (1 = all in 30 days)", COUNT,
              [(f"heidi:slo_errors:ratio1h{{{WHERE}}} / 0.001", "{{namespace}}")], width=12),
        Panel("Slowest functions (p95)", SECONDS, [
            (f"topk(10, histogram_quantile(0.95, sum by (function, le) (rate(heidi_http_request_duration_seconds_bucket{{{which}}}[5m]))))",
             "{{function}}")]),
        Panel("Busiest functions", RATE, [(f"topk(10, sum by (function) (rate(heidi_http_requests_total{{{which}}}[5m])))", "{{function}}")]),
        Panel("Functions that fail", RATE,
              [(f"topk(10, sum by (function, status) (rate(heidi_http_request_errors_total{{{which}}}[5m])) > 0)", "{{function}} {{status}}")]),
        Panel("Answers by status", RATE, [(f"sum by (status) (rate(heidi_http_requests_total{{{which}}}[5m]))", "{{status}}")]),
        Panel("Memory", BYTES, [(f"process_resident_memory_bytes{{{WHERE}}} and on (job, instance) heidi_memory_limit_bytes", "{{instance}}")]),
        Panel("Memory of the limit", SHARE, [
            ("max by (job, instance) (process_resident_memory_bytes) / max by (job, instance) (heidi_memory_limit_bytes > 0)", "{{instance}}")]),
    ], [chosen("service", "label_values(heidi_http_requests_total, service)")]).render()


def messages(_: Mapping[str, Record]) -> str:
    """Events: from the outbox to the dead letters, and what reaches people."""
    return Dashboard("messages", "Messages and dead letters", [
        Panel("Dead letters", COUNT, [(f"heidi:dead_letters{{{WHERE}}}", "{{namespace}}")], "stat"),
        Panel("Oldest dead letter", SECONDS, [(f"max(heidi_dead_letters_oldest_seconds{{{WHERE}}})", "oldest")], "stat"),
        Panel("Oldest event in an outbox", SECONDS, [(f"max(heidi_outbox_oldest_seconds{{{WHERE}}})", "oldest")], "stat"),
        Panel("Events in outboxes", COUNT, [(f"sum by (service) (heidi_outbox_events{{{WHERE}}})", "{{service}}")]),
        Panel("Age of the oldest by service", SECONDS, [(f"max by (service) (heidi_outbox_oldest_seconds{{{WHERE}}})", "{{service}}")]),
        Panel("Longest queues", COUNT, [(f"topk(10, heidi:queue:length{{{WHERE}}})", "{{queue}}")]),
        Panel("Event functions: calls", RATE, [(f'sum by (service) (heidi:requests:rate5m{{{WHERE},kind="event"}})', "{{service}}")]),
        Panel("Event functions: failures", RATE, [(f'sum by (service) (heidi:errors:rate5m{{{WHERE},kind="event"}})', "{{service}}")]),
        Panel("Event functions refused (4xx: dead at once)", RATE,
              [(f'sum by (function) (rate(heidi_http_requests_total{{{WHERE},kind="event",status=~"4.."}}[5m]))', "{{function}}")]),
        Panel("Messages to people, last hour", COUNT, [(f"sum by (channel, state) (heidi_deliveries{{{WHERE}}})", "{{channel}} {{state}}")]),
        Panel("Messages that do not arrive", SHARE, [(f"heidi:deliveries:failed_ratio{{{WHERE}}}", "{{channel}}")]),
        Panel("One host's broker", RATE, [("sum by (result) (rate(heidi_broker_deliveries_total[5m]))", "{{result}}"),
                                          ("sum(rate(heidi_broker_retries_total[5m]))", "tried again")]),
        Panel("Ticks: runs in an hour", COUNT,
              [(f'sum by (function) (increase(heidi_http_requests_total{{{WHERE},kind="tick",status=~"2.."}}[1h]))', "{{function}}")], width=24),
    ]).render()


def factory(_: Mapping[str, Record]) -> str:
    """App builds against their targets."""
    return Dashboard("factory", "App factory", [
        Panel("Builds that succeed (target: over 95 %)", SHARE, [(f"heidi:builds:success_ratio1d{{{WHERE}}}", "{{platform}}")], "stat"),
        Panel("Longest wait in the queue (target: under 5 min)", SECONDS, [(f"max(heidi_build_queue_oldest_seconds{{{WHERE}}})", "")], "stat"),
        Panel("Builds under way", COUNT, [(f"heidi:builds:running{{{WHERE}}}", "{{platform}}")], "stat"),
        Panel("Builds of the last day by state", COUNT,
              [(f"sum by (platform, state) (heidi_builds{{{WHERE}}})", "{{platform}} {{state}}")], width=12),
        Panel("Longest wait in the queue", SECONDS, [(f"max by (namespace) (heidi_build_queue_oldest_seconds{{{WHERE}}})", "{{namespace}}")],
              width=12),
        Panel("The factory's functions", RATE,
              [(f'sum by (function) (rate(heidi_http_requests_total{{{WHERE},service="factory"}}[5m]))', "{{function}}")], width=12),
        Panel("The factory's log: warnings and errors", COUNT,
              [('{namespace=~"$namespace",service="factory",level=~"WARN|ERROR"}', "")], "logs", 12, LOKI),
    ]).render()


HOPS = ("create-listing", "notify-admins-of-pending-listing", "approve-listing", "notify-contributor-of-approval", "send-push", "send-email")


def listing(records: Mapping[str, Record]) -> str:
    """One listing from its creation to the push that says it is published; KeyError when a hop is no function any more."""
    hops = [records[name] for name in HOPS]
    return Dashboard("listing", "One listing from creation to push", [
        *[Panel(f"{n}. {hop.name}", COUNT, [(f'sum(rate(heidi_http_requests_total{{{WHERE},function="{hop.name}"}}[5m]))', "calls a second"),
                                            (p95(f'{WHERE},function="{hop.name}"'), "p95 in seconds")], width=4)
          for n, hop in enumerate(hops, 1)],
        Panel("Where the time goes: p95 per hop", SECONDS, [(p95(f'{WHERE},function="{hop.name}"'), hop.name) for hop in hops], width=12),
        Panel("How long its events wait in the outbox", SECONDS,
              [(f'max by (service) (heidi_outbox_oldest_seconds{{{WHERE},service=~"core|notification"}})', "{{service}}")], width=6),
        Panel("Pushes and mails", COUNT, [(f"sum by (channel, state) (heidi_deliveries{{{WHERE}}})", "{{channel}} {{state}}")], width=6),
        Panel("Traces with this correlation id", COUNT, [('{ span.heidi.correlation_id = "$correlation" }', "")], "table", 12, TEMPO),
        Panel("Lines with this correlation id", COUNT,
              [('{namespace=~"$namespace",service=~".+"} |= "$correlation" | json | correlationId = "$correlation"', "")], "logs", 12, LOKI),
    ], [typed("correlation", "Correlation id (X-Correlation-Id of the answer)")]).render()
