"""deploy/monitoring/: the rules that Prometheus can only have from the records, such as which tick should
have run.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice, pairwise

from shared.kit.cron import moments_after
from shared.kit.record import Record
from tooling.generate import dashboards
from tooling.generate.common import Document, by_service
from tooling.generate.knative import MAX_SCALE
from tooling.generate.yamlfile import as_yaml

COMMENT = """A recording rule with a constant tells Prometheus of functions that it has never seen: what never ran has no series.
In a cluster this looks at production; the label namespace is empty on one host."""
PRODUCTION = 'namespace=~"heidi-prod|"'
# seconds between runs: how long none may be seen
WINDOWS = {60: "5m", 300: "20m", 3_600: "3h", 86_400: "50h", 604_800: "15d"}
RUNS = f'heidi_http_requests_total{{kind="tick",status=~"2..",{PRODUCTION}'
START = datetime(2024, 1, 1, tzinfo=UTC)


class TooRare(Exception):
    """A tick that is due less than once a week: Prometheus keeps 30 days, and two runs must fit in."""


def render(records: Mapping[str, Record]) -> str:
    """All rules."""
    groups = [
        {"name": "heidi_ticks", "rules": ticks(records)},
        {"name": "heidi_knative", "rules": cluster(records)},
    ]
    return as_yaml({"groups": groups}, comment=COMMENT)


def ticks(records: Mapping[str, Record]) -> list[Document]:
    """What the clock should have called, and an alert for each window in which it did not."""
    found = [(record, window(record)) for record in records.values() if record.cron]
    expected = [
        constant("heidi:tick:expected", 1, service=record.service, function=record.name, window=each)
        for record, each in found
    ]
    return expected + [tick_not_run(each) for each in WINDOWS.values() if each in {used for _, used in found}]


def window(record: Record) -> str:
    """How long a tick may go unseen; TooRare when that is longer than Prometheus remembers."""
    moments = islice(moments_after(record.cron, START), 9)
    seconds = max((after - before).total_seconds() for before, after in pairwise(moments))
    for gap, each in WINDOWS.items():
        if seconds <= gap:
            return each
    raise TooRare(f"{record.name} ({record.cron})")


def tick_not_run(each: str) -> Document:
    """Fires when Prometheus has looked for the whole window and saw no run.

    A count that grows, or that was not there before, is a run; of a sleeping function a pushed series is one,
    whatever it counts.
    """
    pulled, pushed = f'{RUNS},pushed=""}}', f'{RUNS},pushed="true"}}'
    ran = (
        f"sum by (function) (increase({pulled}[{each}])) > 0"
        f" or (count by (function) ({pulled}) unless count by (function) ({pulled} offset {each}))"
        f" or count by (function) (count_over_time({pushed}[{each}]))"
    )
    watched = f'count(up{{type="microservice",{PRODUCTION}}} offset {each})'
    expr = f'heidi:tick:expected{{window="{each}"}} and on () {watched} unless on (function) ({ran})'
    said = "The clock has not called {{ $labels.function }} with success for {{ $labels.window }}."
    return alert(
        "TickNotRun",
        expr,
        "5m",
        "critical",
        "{{ $labels.function }} has not run",
        said,
        "lost-broker",
        window=each,
    )


def cluster(records: Mapping[str, Record]) -> list[Document]:
    """Warm functions that nobody sees, and functions that may not grow any more."""
    warm = {
        service: sum(record.min_scale > 0 for record in group)
        for service, group in by_service(records.values()).items()
    }
    expected = [
        constant("heidi:service:warm_functions", n, service=service) for service, n in warm.items() if n
    ]
    found = 'up{job="functions",namespace="heidi-prod"}'
    seen = f"count by (service) (group by (service, function) ({found}))"
    return [
        *expected,
        alert(
            "FunctionsMissing",
            f"((heidi:service:warm_functions * 0 unless on (service) {seen}) or {seen})"
            f" < on (service) heidi:service:warm_functions and on () count({found} offset 10m)",
            "10m",
            "critical",
            "Functions of {{ $labels.service }} have no pod",
            "Only {{ $value }} of the functions of {{ $labels.service }} that are always warm can be seen.",
            "service-down",
        ),
        alert(
            "KnativeAtMaxScale",
            f"max by (k8s_namespace_name, kn_service_name) (kn_revision_pods_desired) >= {MAX_SCALE}",
            "10m",
            "warning",
            "{{ $labels.kn_service_name }} cannot grow any more",
            "Knative has wanted {{ $value }} pods of {{ $labels.kn_service_name }} {{ $labels.k8s_namespace_name }}"
            f" for ten minutes, and {MAX_SCALE} is the most.",
            "scale-out",
        ),
    ]


def constant(name: str, value: int, **labels: str) -> Document:
    """A series that always has the same value."""
    return {"record": name, "expr": f"vector({value})", "labels": labels}


def alert(
    name: str,
    expr: str,
    patience: str,
    severity: str,
    summary: str,
    description: str,
    runbook: str,
    **labels: str,
) -> Document:
    """An alert with all that the written ones have."""
    return {
        "alert": name,
        "expr": expr,
        "for": patience,
        "labels": {"severity": severity, **labels},
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": f"docs/runbooks/{runbook}.md",
        },
    }


DRAWN = (
    dashboards.infrastructure,
    dashboards.microservices,
    dashboards.messages,
    dashboards.factory,
    dashboards.listing,
)
MONITORING = {"deploy/monitoring/prometheus/rules/functions.yml": render} | {
    f"deploy/monitoring/grafana/dashboards/{draw.__name__}.json": draw for draw in DRAWN
}
