"""knative/base/schedules.yaml: what the clock calls."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import Document
from tooling.generate.triggers import labels, through_gateway
from tooling.generate.yamlfile import as_yaml

COMMENT = """A PingSource per tick function; six fields begin with the seconds. Its event's time (ce-time) says when it was due.
The internal gateway brings it to the function, with the platform's token."""


def render(records: Mapping[str, Record]) -> str:
    """All PingSources, by function."""
    return as_yaml(*(source(record) for record in records.values() if record.cron), comment=COMMENT)


def source(record: Record) -> Document:
    """One clock."""
    return {
        "apiVersion": "sources.knative.dev/v1",
        "kind": "PingSource",
        "metadata": {"name": record.name, "labels": labels(record)},
        "spec": {
            "schedule": record.cron,
            "timezone": "Etc/UTC",
            "sink": through_gateway("ticks", record.name),
        },
    }
