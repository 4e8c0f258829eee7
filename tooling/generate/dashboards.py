"""deploy/monitoring/grafana/dashboards/: what the dashboards show."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.grafana import LOKI, TEMPO, Dashboard, Panel, chosen, typed

HERE = 'namespace=~"$namespace"'
CACHE, MISS = "heidi_cache_requests_total", '"miss"'
RATE, SHARE, SECONDS, BYTES, COUNT = "reqps", "percentunit", "s", "bytes", "short"


def p95(which: str, by: str = "") -> str:
    """The 95th percentile of durations, over all instances."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile(0.95, sum by ({labels}) (rate(heidi_http_request_duration_seconds_bucket{{{which}}}[5m])))"


def calls(which: str, by: str = "", metric: str = "heidi_http_requests_total") -> str:
    """Calls a second."""
    return f"sum{f' by ({by}) ' if by else ''}(rate({metric}{{{which}}}[5m]))"


def infrastructure(_: Mapping[str, Record]) -> str:
    """Requirements §15.3: Postgres, Redis, RabbitMQ, hosts."""
    return Dashboard(
        "infrastructure",
        "Infrastructure",
        [
            Panel("Not watched (up = 0)", COUNT, [("up == 0", "{{job}} {{instance}}")]),
            Panel(
                "Postgres: connections used",
                SHARE,
                [(f"heidi:postgres:connections_ratio{{{HERE}}}", "{{instance}}")],
            ),
            Panel(
                "Postgres: replication lag",
                SECONDS,
                [(f"heidi:postgres:replication_lag_seconds{{{HERE}}}", "{{instance}}")],
            ),
            Panel(
                "PgBouncer: clients that wait",
                COUNT,
                [
                    (
                        "sum by (instance) (cnpg_pgbouncer_pools_cl_waiting or pgbouncer_pools_client_waiting_connections)",
                        "{{instance}}",
                    )
                ],
            ),
            Panel(
                "Postgres: age of the newest backup",
                SECONDS,
                [("time() - heidi:postgres:backup_timestamp", "{{namespace}}")],
            ),
            Panel(
                "Postgres: failed WAL archiving in 15 min",
                COUNT,
                [("heidi:postgres:wal_archive_failures15m", "{{namespace}}")],
            ),
            Panel(
                "Redis: memory",
                BYTES,
                [
                    ("redis_memory_used_bytes", "{{instance}}"),
                    ("redis_memory_max_bytes", "limit {{instance}}"),
                ],
            ),
            Panel(
                "Redis: commands",
                RATE,
                [("sum by (instance) (rate(redis_commands_processed_total[5m]))", "{{instance}}")],
            ),
            Panel(
                "Redis: keys thrown away",
                RATE,
                [("sum by (instance) (rate(redis_evicted_keys_total[5m]))", "{{instance}}")],
            ),
            Panel(
                "RabbitMQ: longest queues", COUNT, [(f"topk(10, heidi:queue:length{{{HERE}}})", "{{queue}}")]
            ),
            Panel(
                "RabbitMQ: consumers",
                COUNT,
                [("sum by (namespace) (rabbitmq_detailed_queue_consumers)", "{{namespace}}")],
            ),
            Panel(
                "Knative: pods wanted",
                COUNT,
                [("topk(10, max by (kn_service_name) (kn_revision_pods_desired))", "{{kn_service_name}}")],
            ),
            Panel(
                "Hosts: CPU",
                SHARE,
                [('1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "{{instance}}")],
            ),
            Panel(
                "Hosts: memory free",
                SHARE,
                [("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}")],
            ),
            Panel("Hosts: disk free", SHARE, [("heidi:disk:free_ratio", "{{instance}} {{mountpoint}}")]),
            Panel("Edge: answers from outside", COUNT, [('probe_success{job="edge"}', "{{instance}}")]),
            Panel(
                "Edge: certificate is valid for",
                SECONDS,
                [("probe_ssl_earliest_cert_expiry - time()", "{{instance}}")],
            ),
            Panel(
                "Hosts: network",
                BYTES,
                [
                    (
                        calls('device!="lo"', "instance", "node_network_receive_bytes_total"),
                        "in {{instance}}",
                    ),
                    (
                        calls('device!="lo"', "instance", "node_network_transmit_bytes_total"),
                        "out {{instance}}",
                    ),
                ],
            ),
        ],
    ).render()


def microservices(_: Mapping[str, Record]) -> str:
    """Requirements §15.3: rates, durations, errors, memory."""
    which = f'{HERE},service=~"$service"'
    return Dashboard(
        "microservices",
        "Microservices",
        [
            Panel(
                "Requests", RATE, [(f"sum by (service) (heidi:requests:rate5m{{{which}}})", "{{service}}")]
            ),
            Panel("Errors (5xx)", SHARE, [(f"heidi:error_ratio:rate5m{{{which}}}", "{{service}}")]),
            Panel("p95 by service (HTTP)", SECONDS, [(f"heidi:latency:p95_5m{{{which}}}", "{{service}}")]),
            Panel(
                "Durations of all calls",
                COUNT,
                [(calls(which, "le", "heidi_http_request_duration_seconds_bucket"), "{{le}}")],
                "heatmap",
                12,
            ),
            Panel(
                "Error budget: burn over an hour (1 = all in 30 days)",
                COUNT,
                [(f"heidi:slo_errors:ratio1h{{{HERE}}} / 0.001", "{{namespace}}")],
                width=12,
            ),
            Panel(
                "Slowest functions (p95)", SECONDS, [(f"topk(10, {p95(which, 'function')})", "{{function}}")]
            ),
            Panel("Busiest functions", RATE, [(f"topk(10, {calls(which, 'function')})", "{{function}}")]),
            Panel(
                "Functions that fail",
                RATE,
                [
                    (
                        f"topk(10, {calls(which, 'function', 'heidi_http_request_errors_total')} > 0)",
                        "{{function}}",
                    )
                ],
            ),
            Panel("Answers by status", RATE, [(calls(which, "status"), "{{status}}")]),
            Panel(
                "Memory",
                BYTES,
                [
                    (
                        f"process_resident_memory_bytes{{{HERE}}} and on (job, instance) heidi_memory_limit_bytes",
                        "{{instance}}",
                    )
                ],
            ),
            Panel(
                "Sessions that are open",
                COUNT,
                [(f"sum by (namespace) (heidi_sessions{{{HERE}}})", "{{namespace}}")],
            ),
            Panel(
                "Answers from memory and Redis, of all that are remembered",
                SHARE,
                [
                    (
                        f"{calls(HERE + ',result!=' + MISS, 'cache', CACHE)} / {calls(HERE, 'cache', CACHE)}",
                        "{{cache}}",
                    )
                ],
            ),
            Panel(
                "Calls to systems of others",
                RATE,
                [
                    (
                        calls(HERE, "dependency, outcome", "heidi_outside_calls_total"),
                        "{{dependency}} {{outcome}}",
                    )
                ],
            ),
            Panel(
                "Circuits (0 closed, 1 half-open, 2 open, 3 misconfigured)",
                COUNT,
                [(f"max by (dependency) (heidi_circuit_state{{{HERE}}})", "{{dependency}}")],
            ),
            Panel(
                "Memory of the limit",
                SHARE,
                [
                    (
                        (
                            "process_resident_memory_bytes"
                            " / on (job, instance) max by (job, instance) (heidi_memory_limit_bytes > 0)"
                        ),
                        "{{instance}}",
                    )
                ],
            ),
        ],
        [chosen("service", "label_values(heidi_http_requests_total, service)")],
    ).render()


def messages(_: Mapping[str, Record]) -> str:
    """Events: from the outbox to the dead letters, and what reaches people."""
    return Dashboard(
        "messages",
        "Messages and dead letters",
        [
            Panel("Dead letters", COUNT, [(f"heidi:dead_letters{{{HERE}}}", "{{namespace}}")], "stat"),
            Panel(
                "Oldest dead letter",
                SECONDS,
                [(f"max(heidi_dead_letters_oldest_seconds{{{HERE}}})", "oldest")],
                "stat",
            ),
            Panel(
                "Oldest event in an outbox",
                SECONDS,
                [(f"max(heidi_outbox_oldest_seconds{{{HERE}}})", "oldest")],
                "stat",
            ),
            Panel(
                "Events in outboxes",
                COUNT,
                [(f"sum by (service) (heidi_outbox_events{{{HERE}}})", "{{service}}")],
            ),
            Panel(
                "Age of the oldest by service",
                SECONDS,
                [(f"max by (service) (heidi_outbox_oldest_seconds{{{HERE}}})", "{{service}}")],
            ),
            Panel("Longest queues", COUNT, [(f"topk(10, heidi:queue:length{{{HERE}}})", "{{queue}}")]),
            Panel(
                "Event functions: calls",
                RATE,
                [(f'sum by (service) (heidi:requests:rate5m{{{HERE},kind="event"}})', "{{service}}")],
            ),
            Panel(
                "Event functions: failures",
                RATE,
                [(f'sum by (service) (heidi:errors:rate5m{{{HERE},kind="event"}})', "{{service}}")],
            ),
            Panel(
                "Event functions refused (4xx: dead at once)",
                RATE,
                [(calls(f'{HERE},kind="event",status=~"4.."', "function"), "{{function}}")],
            ),
            Panel(
                "Messages to people, last hour",
                COUNT,
                [(f"sum by (channel, state) (heidi_deliveries{{{HERE}}})", "{{channel}} {{state}}")],
            ),
            Panel(
                "Messages that do not arrive",
                SHARE,
                [(f"heidi:deliveries:failed_ratio{{{HERE}}}", "{{channel}}")],
            ),
            Panel(
                "One host's broker",
                RATE,
                [
                    (calls("", "result", "heidi_broker_deliveries_total"), "{{result}}"),
                    (calls("", metric="heidi_broker_retries_total"), "tried again"),
                ],
            ),
            Panel(
                "Ticks: runs a second",
                RATE,
                [(calls(f'{HERE},kind="tick",status=~"2.."', "function"), "{{function}}")],
                width=24,
            ),
        ],
    ).render()


def factory(_: Mapping[str, Record]) -> str:
    """App builds against their targets."""
    return Dashboard(
        "factory",
        "App factory",
        [
            Panel(
                "Builds that succeed (target: over 95 %)",
                SHARE,
                [(f"heidi:builds:success_ratio1d{{{HERE}}}", "{{platform}}")],
                "stat",
            ),
            Panel(
                "Longest wait in the queue (target: under 5 min)",
                SECONDS,
                [(f"max(heidi_build_queue_oldest_seconds{{{HERE}}})", "")],
                "stat",
            ),
            Panel("Builds under way", COUNT, [(f"heidi:builds:running{{{HERE}}}", "{{platform}}")], "stat"),
            Panel(
                "Builds of the last day by state",
                COUNT,
                [(f"sum by (platform, state) (heidi_builds{{{HERE}}})", "{{platform}} {{state}}")],
                width=12,
            ),
            Panel(
                "Longest wait in the queue",
                SECONDS,
                [(f"max by (namespace) (heidi_build_queue_oldest_seconds{{{HERE}}})", "{{namespace}}")],
                width=12,
            ),
            Panel(
                "Builds: p50 and p95 of the last day's (target: Android under 10 min)",
                SECONDS,
                [
                    (
                        f"histogram_quantile({share}, sum by (platform, le) (heidi_build_duration_seconds_bucket{{{HERE}}}))",
                        f"p{share * 100:.0f} {{{{platform}}}}",
                    )
                    for share in (0.5, 0.95)
                ],
                width=12,
            ),
            Panel(
                "Builds of the last day by duration",
                COUNT,
                [(f"sum by (le) (heidi_build_duration_seconds_bucket{{{HERE}}})", "{{le}}")],
                "heatmap",
                12,
            ),
            Panel(
                "The factory's functions",
                RATE,
                [(calls(f'{HERE},service="factory"', "function"), "{{function}}")],
                width=12,
            ),
            Panel(
                "The factory's log: warnings and errors",
                COUNT,
                [('{namespace=~"$namespace",service="factory",level=~"WARN|ERROR"}', "")],
                "logs",
                12,
                LOKI,
            ),
        ],
    ).render()


HOPS = (
    "create-listing",
    "notify-admins-of-pending-listing",
    "approve-listing",
    "notify-contributor-of-approval",
    "send-push",
    "send-email",
)


def of(record: Record) -> str:
    """Series of one function."""
    return f'{HERE},function="{record.name}"'


def listing(records: Mapping[str, Record]) -> str:
    """One listing from its creation to the push that says it is published; KeyError when a hop is no function
    any more.
    """
    hops = [records[name] for name in HOPS]
    return Dashboard(
        "listing",
        "One listing from creation to push",
        [
            *[
                Panel(
                    f"{n}. {hop.name}",
                    COUNT,
                    [(calls(of(hop)), "calls a second"), (p95(of(hop)), "p95 in seconds")],
                    width=4,
                )
                for n, hop in enumerate(hops, 1)
            ],
            Panel(
                "Where the time goes: p95 per hop",
                SECONDS,
                [(p95(of(hop)), hop.name) for hop in hops],
                width=12,
            ),
            Panel(
                "How long its events wait in the outbox",
                SECONDS,
                [
                    (
                        f'max by (service) (heidi_outbox_oldest_seconds{{{HERE},service=~"core|notification"}})',
                        "{{service}}",
                    )
                ],
                width=6,
            ),
            Panel(
                "Pushes and mails",
                COUNT,
                [(f"sum by (channel, state) (heidi_deliveries{{{HERE}}})", "{{channel}} {{state}}")],
                width=6,
            ),
            Panel(
                "Traces with this correlation id",
                COUNT,
                [('{ span.heidi.correlation.id = "$correlation" }', "")],
                "table",
                12,
                TEMPO,
            ),
            Panel(
                "Lines with this correlation id",
                COUNT,
                [
                    (
                        '{namespace=~"$namespace",service=~".+"} |= "$correlation" | json | correlationId = "$correlation"',
                        "",
                    )
                ],
                "logs",
                12,
                LOKI,
            ),
        ],
        [typed("correlation", "Correlation id (X-Correlation-Id of the answer)")],
    ).render()
