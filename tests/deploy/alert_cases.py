"""When each alert rings and when it does not: series over three stretches of 20, 40 and 60 steps, looked at
in the last step of each.

What is in the first stretch is just not enough, what is in the second is, and the third is over it again.
"""

from dataclasses import dataclass, field

from tooling.generate.knative import MAX_SCALE
from tooling.registry import records

STRETCHES = (20, 40, 60)
Labels = dict[str, str]
CRITICAL, WARNING = "critical", "warning"


def gauge(*values: float | str) -> str:
    """A value for each stretch; the third is the first again unless it is given."""
    below, above, after = (*values, values[0])[:3]
    return " ".join(
        f"{value}+0x{n - 1}" if value != "_" else f"_x{n}"
        for value, n in zip((below, above, after), STRETCHES, strict=True)
    )


def counter(*growth: float) -> str:
    """How much it grows in each step of each stretch."""
    found, total = [], 0.0
    for each, n in zip((*growth, growth[0])[:3], STRETCHES, strict=True):
        found.append(f"{total:g}+{each:g}x{n - 1}")
        total += each * n
    return " ".join(found)


@dataclass(frozen=True)
class Case:
    """One alert, the series it looks at, and the labels it rings with; `steps` are minutes each."""

    alert: str
    series: Labels
    severity: str
    labels: Labels = field(default_factory=dict)
    step: int = 1
    rings: tuple[int, ...] = (59,)
    silent: tuple[int, ...] = (19, 119)

    @property
    def id(self) -> str:
        return f"{self.alert} {min(self.series, default='')}"


CORE = 'service="core",kind="http",function="list-listings"'
WARM = {name: record.service for name, record in records().items() if record.min_scale}
REQUESTS, ERRORS = (
    f'heidi_http_requests_total{{{CORE},status="200"}}',
    f'heidi_http_request_errors_total{{{CORE},status="500"}}',
)
DATABASE = {"type": "database"}
TICK = 'heidi_http_requests_total{service="platform",kind="tick",status="204",function='
UP = 'up{type="microservice",job="functions",instance="heidi:8080"}'
DISK = '{instance="n1",mountpoint="/",fstype="ext4"}'
BUCKET = f"heidi_http_request_duration_seconds_bucket{{{CORE},le="
CHATBOT = BUCKET.replace("core", "chatbot")

CASES = [
    # one of two instances is there, then none
    Case(
        "ServiceDown",
        {
            'up{type="microservice",job="functions",service="core",function="f",instance="a"}': gauge(1, 0),
            'up{type="microservice",job="functions",service="core",function="f",instance="b"}': gauge(
                0, 0, 1
            ),
        },
        CRITICAL,
        {"job": "functions", "service": "core", "function": "f"},
    ),
    Case("HighErrorRate", {REQUESTS: counter(60, 60), ERRORS: counter(6, 7)}, WARNING, {"service": "core"}),
    # everything fails, but that is one call in two minutes
    Case(
        "HighErrorRate",
        {REQUESTS: counter(0.5, 0.5), ERRORS: counter(0.5, 0.5)},
        WARNING,
        rings=(),
        silent=(19, 59, 119),
    ),
    Case(
        "HighRequestLatency",
        {
            BUCKET + '"0.5"}': counter(50, 50),
            BUCKET + '"1.0"}': counter(96, 94, 96),
            BUCKET + '"2.5"}': counter(100, 100),
            BUCKET + '"+Inf"}': counter(100, 100),
        },
        WARNING,
        {"service": "core"},
    ),
    Case(
        "HighRequestLatency",
        {
            CHATBOT + '"5.0"}': counter(93, 50, 93),
            CHATBOT + '"10.0"}': counter(100, 100),
            CHATBOT + '"+Inf"}': counter(100, 100),
        },
        WARNING,
        {"service": "chatbot"},
    ),
    Case(
        "HighMemoryUsage",
        {
            'process_resident_memory_bytes{job="functions",instance="a",service="core",function="f"}': gauge(
                90, 91
            ),
            'heidi_memory_limit_bytes{job="functions",instance="a",service="core",function="f"}': gauge(
                100, 100
            ),
        },
        WARNING,
        {"job": "functions", "instance": "a", "service": "core", "function": "f"},
    ),
    Case(
        "EdgeDown",
        {'probe_success{job="edge",instance="https://x"}': gauge(1, 0)},
        CRITICAL,
        {"job": "edge", "instance": "https://x"},
    ),
    Case("ErrorBudgetBurnsFast", {REQUESTS: counter(10_000, 10_000), ERRORS: counter(143, 300)}, CRITICAL),
    Case(
        "ErrorBudgetBurnsSlowly",
        {REQUESTS: counter(10_000, 10_000), ERRORS: counter(59, 61)},
        WARNING,
        step=10,
    ),
    Case("DeadLetters", {"heidi_dead_letters": gauge(0, 1)}, WARNING),
    Case("DeadLetters", {"heidi_broker_dead_letters_stored": gauge(0, 1)}, WARNING),
    # nine more within a quarter of an hour, then sixteen more
    Case("DeadLettersGrowing", {"heidi_dead_letters": "0+0x9 9+0x9 25+0x99"}, CRITICAL, rings=(29,)),
    Case(
        "OutboxOld",
        {'heidi_outbox_oldest_seconds{service="core"}': gauge(60, 61)},
        CRITICAL,
        {"service": "core"},
    ),
    Case(
        "BrokerDown",
        {
            'up{type="broker",job="rabbitmq",instance="a"}': gauge(1, 0),
            'up{type="broker",job="rabbitmq",instance="b"}': gauge(0, 0),
        },
        CRITICAL,
        {"job": "rabbitmq"},
    ),
    Case(
        "QueueLong",
        {'heidi_broker_queue_length{trigger="send-push"}': gauge(1000, 1001)},
        WARNING,
        {"queue": "send-push"},
    ),
    Case(
        "QueueLong",
        {'rabbitmq_detailed_queue_messages_ready{queue="q",vhost="/"}': gauge(1000, 1001)},
        WARNING,
        {"queue": "q"},
    ),
    # nobody reads an empty queue, then one that is not, then somebody does
    Case(
        "QueueWithoutConsumer",
        {
            'rabbitmq_detailed_queue_messages_ready{queue="q"}': gauge(0, 1, 1),
            'rabbitmq_detailed_queue_consumers{queue="q"}': gauge(0, 0, 1),
        },
        CRITICAL,
        {"queue": "q"},
    ),
    Case(
        "DeliveriesFail",
        {
            'heidi_deliveries{channel="push",state="sent"}': gauge(90, 90),
            'heidi_deliveries{channel="push",state="failed"}': gauge(10, 11),
        },
        WARNING,
        {"channel": "push"},
    ),
    Case(
        "DeliveriesFail",
        {'heidi_deliveries{channel="email",state="failed"}': gauge(4, 5)},
        WARNING,
        {"channel": "email"},
    ),
    Case(
        "OutsideSystemAway",
        {'heidi_circuit_state{dependency="smtp"}': gauge(1, 2)},
        WARNING,
        {"dependency": "smtp"},
    ),
    Case(
        "OutsideSystemRefusesUs",
        {'heidi_circuit_state{dependency="openai"}': gauge(2, 3, 0)},
        CRITICAL,
        {"dependency": "openai"},
    ),
    Case(
        "BuildsFail",
        {
            'heidi_builds{platform="ios",state="completed"}': gauge(95, 95),
            'heidi_builds{platform="ios",state="failed"}': gauge(5, 6),
        },
        WARNING,
        {"platform": "ios"},
    ),
    Case(
        "BuildsFail",
        {'heidi_builds{platform="android",state="failed"}': gauge(1, 2)},
        WARNING,
        {"platform": "android"},
    ),
    # one build after the other, each of eight minutes; then one that does not end
    Case(
        "AndroidBuildsSlow",
        {
            'heidi_builds{platform="android",state="building"}': gauge(1, 1, 0),
            'heidi_builds{platform="android",state="completed"}': "0+0x7 1+0x7 2+0x103",
        },
        WARNING,
        {"platform": "android"},
    ),
    Case(
        "BuildsSlow",
        {
            'heidi_build_duration_seconds_bucket{platform="ios",le="600"}': gauge(2, 1),
            'heidi_build_duration_seconds_bucket{platform="ios",le="900"}': gauge(2, 2),
            'heidi_build_duration_seconds_bucket{platform="ios",le="+Inf"}': gauge(2, 2),
            'heidi_build_duration_seconds_count{platform="ios"}': gauge(2, 2),
        },
        WARNING,
        {"platform": "ios"},
    ),
    Case("BuildsWait", {"heidi_build_queue_oldest_seconds": gauge(300, 301)}, WARNING),
    Case(
        "DatabaseConnectionFailure",
        {'pg_up{job="postgres",instance="p",type="database"}': gauge(1, 0)},
        CRITICAL,
        DATABASE | {"job": "postgres", "instance": "p"},
    ),
    Case(
        "DatabaseConnectionFailure",
        {'up{job="redis",instance="r",type="database"}': gauge(1, 0)},
        CRITICAL,
        DATABASE | {"job": "redis", "instance": "r"},
    ),
    Case(
        "PgBouncerClientsWait",
        {'cnpg_pgbouncer_pools_cl_waiting{namespace="heidi-infra",instance="p"}': gauge(0, 1)},
        WARNING,
        DATABASE | {"namespace": "heidi-infra"},
    ),
    Case(
        "PostgresConnectionsHigh",
        {
            'pg_stat_database_numbackends{instance="p",datname="a"}': gauge(40, 40),
            'pg_stat_database_numbackends{instance="p",datname="b"}': gauge(40, 41),
            'pg_settings_max_connections{instance="p"}': gauge(100, 100),
        },
        WARNING,
        DATABASE | {"instance": "p"},
    ),
    Case(
        "PostgresConnectionsHigh",
        {
            'cnpg_backends_total{instance="p",state="idle"}': gauge(80, 81),
            'cnpg_pg_settings_setting{instance="p",name="max_connections"}': gauge(100, 100),
        },
        WARNING,
        DATABASE | {"instance": "p"},
    ),
    Case(
        "PostgresReplicationLag",
        {'cnpg_pg_replication_lag{instance="p"}': gauge(30, 31)},
        WARNING,
        DATABASE | {"instance": "p"},
    ),
    Case(
        "WalArchivingFails",
        {'cnpg_pg_stat_archiver_failed_count{instance="p"}': counter(0, 1)},
        CRITICAL,
        DATABASE,
    ),
    # a step is an hour: 19 hours old, 59 hours old, then one every hour
    Case(
        "BackupTooOld",
        {'cnpg_collector_last_available_backup_timestamp{instance="p"}': "0+0x59 216000+3600x59"},
        CRITICAL,
        DATABASE,
        step=60,
    ),
    Case(
        "RedisMemoryHigh",
        {
            'redis_memory_used_bytes{instance="r"}': gauge(90, 91),
            'redis_memory_max_bytes{instance="r"}': gauge(100, 100),
        },
        WARNING,
        DATABASE | {"instance": "r"},
    ),
    Case(
        "RedisEvicts",
        {'redis_evicted_keys_total{instance="r"}': counter(0, 1)},
        WARNING,
        DATABASE | {"instance": "r"},
    ),
    Case(
        "DiskNearlyFull",
        {
            f"node_filesystem_avail_bytes{DISK}": gauge(10, 9),
            f"node_filesystem_size_bytes{DISK}": gauge(100, 100),
        },
        CRITICAL,
        {"instance": "n1", "mountpoint": "/"},
    ),
    Case(
        "DiskFullInTwoDays",
        {
            f"node_filesystem_avail_bytes{DISK}": "39-0.1x19 37-0.2x39 29+0x59",
            f"node_filesystem_size_bytes{DISK}": gauge(100, 100),
        },
        WARNING,
        {"instance": "n1", "mountpoint": "/"},
        step=10,
    ),
    # 14 days and a second left in the first look; renewed in the third stretch
    Case(
        "CertificateExpires",
        {
            'probe_ssl_earliest_cert_expiry{instance="https://x"}': gauge(
                1_209_600 + 11_401, 1_209_600 + 11_401, 9e9
            )
        },
        CRITICAL,
        {"instance": "https://x"},
        step=10,
    ),
    Case(
        "CertificateExpires",
        {
            'certmanager_certificate_expiration_timestamp_seconds{namespace="n",name="tls"}': gauge(
                1_209_600 + 11_401, 1_209_600 + 11_401, 9e9
            )
        },
        CRITICAL,
        {"namespace": "n", "name": "tls"},
        step=10,
    ),
    Case(
        "TargetDown",
        {'up{job="node",instance="n1"}': gauge(1, 0)},
        WARNING,
        {"job": "node", "instance": "n1"},
    ),
    Case("Watchdog", {"up": gauge(1, 1)}, "none", rings=(19, 59, 119), silent=()),
    Case(
        "TickNotRun",
        {UP: gauge(1, 1), TICK + '"sweep-outbox"}': counter(6, 0)},
        CRITICAL,
        {"function": "sweep-outbox", "service": "platform", "window": "5m"},
    ),
    # what sleeps between its runs is seen by its pushed series, whose count never grows
    Case(
        "TickNotRun",
        {UP: gauge(1, 1), TICK + '"sweep-outbox",pushed="true"}': gauge(1, "_", 1)},
        CRITICAL,
        {"function": "sweep-outbox", "service": "platform", "window": "5m"},
    ),
    # a step is an hour: what is due once a day is missed only when Prometheus has looked for two days
    Case(
        "TickNotRun",
        {
            UP: gauge(1, 1),
            TICK.replace("platform", "auth") + '"purge-sessions"}': "_x60 1+0x23 2+0x23 3+0x23",
        },
        CRITICAL,
        {"function": "purge-sessions", "service": "auth", "window": "50h"},
        step=60,
    ),
    # one of seven vanishes
    Case(
        "FunctionsMissing",
        {
            f'up{{job="functions",namespace="heidi-prod",service="{service}",function="{name}"}}': gauge(
                1, "_" if name == min(WARM) else 1
            )
            for name, service in WARM.items()
        },
        CRITICAL,
        {"service": WARM[min(WARM)]},
    ),
    Case(
        "KnativeAtMaxScale",
        {
            'kn_revision_pods_desired{k8s_namespace_name="heidi-prod",kn_service_name="f"}': gauge(
                MAX_SCALE - 1, MAX_SCALE
            )
        },
        WARNING,
        {"k8s_namespace_name": "heidi-prod", "kn_service_name": "f"},
    ),
]
