"""One function as OpenFaaS describes it; the local gateway and stack.yml say the same."""

import re
from collections.abc import Sequence

from shared.kit.record import Record
from tooling.generate.common import IMAGE, THREADS, Document
from tooling.generate.secrets import needed
from tooling.generate.unit import WHOLE, Unit, alone

MOST, IDLE = 20, "10m"  # instances at once; how long one is kept that nobody calls
EVERY = re.compile(r"\*/(\d+) \* \* \* \* \*")


class NoSuchSchedule(Exception):
    """A schedule that the cron connector does not know: it would skip the function without a word."""


def specification(record: Record) -> Document:
    """One function as stack.yml describes it."""
    return described(alone(record))


def described(unit: Unit) -> Document:
    """A function of OpenFaaS'."""
    return {
        "lang": "heidi",
        "handler": f"./functions/{unit.service}",
        "image": IMAGE,
        "skip_build": True,
        "environment": environment(unit),
        "environment_file": ["deploy/openfaas/settings.yml"],
        "secrets": needed(unit.service, unit.records),
        "labels": labels(unit),
        "annotations": annotations(unit),
        "limits": {"memory": f"{unit.memory}Mi"},
        "requests": {"memory": f"{unit.usual}Mi", "cpu": "20m"},
        "readonly_root_filesystem": True,
    }


def environment(unit: Unit) -> dict[str, str]:
    """Which function it is; and how long a call may take, which OpenFaaS waits for before it ends an
    instance.
    """
    seconds = f"{unit.timeout}s"
    return {
        "FUNCTION_TARGET": unit.target,
        "WORKER_THREADS": str(max(THREADS, unit.threads - 1)),
        "read_timeout": seconds,
        "write_timeout": seconds,
        "exec_timeout": seconds,
    }


def labels(unit: Unit) -> dict[str, str]:
    """Whose it is, and how many instances there may be: as many as its calls at once need."""
    scale = {"min": str(unit.min_scale)} if unit.min_scale else {"zero": "true", "zero-duration": IDLE}
    scale |= {"max": str(MOST), "type": "capacity", "target": str(max(THREADS, unit.at_once))}
    return {
        "heidi.service": unit.service,
        "heidi.kind": unit.kind,
        **{f"com.openfaas.scale.{name}": value for name, value in scale.items()},
    }


def annotations(unit: Unit) -> dict[str, str]:
    """What it does, how it is, and for event connectors and the cron connector when to call it."""
    found = {"description": unit.summary, **(facts(unit.records[0]) if unit.kind != WHOLE else {})}
    if unit.types:
        found["topic"] = ",".join(topics(unit.types))
    found |= {
        "com.openfaas.health.http.path": "/health/live",
        "com.openfaas.health.http.initialDelay": "2s",
        "com.openfaas.ready.http.path": "/health/ready",
    }
    # OpenFaaS' Prometheus reads the dotted names, any other the same pods' names with a slash: to both they
    # are one.
    if unit.min_scale:
        found |= {
            "prometheus.io.scrape": "true",
            "prometheus.io.port": "8080",
            "prometheus.io.path": "/metrics",
        }
    return found


def facts(record: Record) -> dict[str, str]:
    """Who may call a function, and where or when it is called."""
    found = {"heidi.access": str(record.access)}
    if record.kind == "http":
        found["heidi.route"] = f"{record.method} {record.public_path}"
    if record.cron:
        found |= {"topic": "cron-function", "schedule": schedule(record)}
    return found


def topics(types: Sequence[str]) -> list[str]:
    """The types of events that are heard; each by its name, because connectors know no wildcard."""
    if "*" not in types:
        return list(types)
    from tooling.registry import records

    return sorted({event.type() for each in records().values() for event in each.emits})


def schedule(record: Record) -> str:
    """When to call, for a cron connector that knows five fields and `@every`, but no seconds."""
    if len(record.cron.split()) == 5:
        return record.cron
    every = EVERY.fullmatch(record.cron)
    if every is None:
        raise NoSuchSchedule(
            f"{record.name}: the cron connector knows no seconds but `*/n * * * * *`: {record.cron}"
        )
    return f"@every {every[1]}s"
