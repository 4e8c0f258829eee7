"""knative/base/event-types.yaml: the broker's catalogue, for who looks around in the cluster (`kubectl get
eventtypes`).
"""

from collections.abc import Mapping

from events.base import Event
from shared.kit.cloudevents import SOURCE
from shared.kit.record import Record
from tooling.generate.asyncapi import summary
from tooling.generate.common import Document
from tooling.generate.triggers import BROKER
from tooling.generate.yamlfile import as_yaml

COMMENT = """What the broker carries. The payloads' schemas are in docs/reference/asyncapi.json, where heidi.app/schema points.
Knative 1.21 stores them as v1beta2: read back, `tenantid` and the value of `specversion` are not there."""


def render(records: Mapping[str, Record]) -> str:
    """All event types that somebody emits, by type."""
    said: dict[type[Event], set[str]] = {}
    for record in records.values():
        for event in record.emits:
            said.setdefault(event, set()).add(record.service)
    return as_yaml(
        *(event_type(event, said[event]) for event in sorted(said, key=lambda event: event.topic)),
        comment=COMMENT,
    )


def event_type(event: type[Event], services: set[str]) -> Document:
    """One type of event, with the source where only one service says it."""
    source = SOURCE + (next(iter(services)) if len(services) == 1 else "{service}")
    values = {"type": event.type(), "source": source, "specversion": "1.0", "tenantid": "{tenant}"}
    return {
        "apiVersion": "eventing.knative.dev/v1beta3",
        "kind": "EventType",
        "metadata": {
            "name": event.type().replace("_", "-"),
            "labels": {"app.kubernetes.io/part-of": "heidi"},
            "annotations": {"heidi.app/schema": f"#/components/messages/{event.__name__}"},
        },
        "spec": {
            "reference": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": BROKER},
            "description": summary(event),
            "attributes": [
                {"name": name, "required": True, "value": value} for name, value in values.items()
            ],
        },
    }
