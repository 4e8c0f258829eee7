"""knative/base/triggers.yaml: which function hears which event."""
from collections.abc import Mapping

from shared.record import Record
from tooling.generate.common import NAMESPACE, Document
from tooling.generate.yamlfile import as_yaml

BROKER, DEAD_LETTERS = "heidi", "dead-letters"
COMMENT = """One Trigger per function and type: the RabbitMQ broker reads only filter.attributes, which knows no «or».
Four attempts (at once, after 1 s, 2 s, 4 s), then the dead-letter store."""


def render(records: Mapping[str, Record]) -> str:
    """All Triggers, by function."""
    return as_yaml(*(trigger(record, type_) for record in records.values() for type_ in record.types), comment=COMMENT)


def trigger(record: Record, type_: str) -> Document:
    """One Trigger; without a filter it brings every event."""
    wanted: Document = {} if type_ == "*" else {"filter": {"attributes": {"type": type_}}}
    topic = "every-event" if type_ == "*" else type_.removeprefix("app.heidi.").replace(".", "-").replace("_", "-")
    return {
        "apiVersion": "eventing.knative.dev/v1", "kind": "Trigger",
        "metadata": {"name": f"{record.name}-{topic}", "namespace": NAMESPACE, "labels": {"app.kubernetes.io/part-of": "heidi"}},
        "spec": {"broker": BROKER, **wanted, "subscriber": service(record.name),
                 "delivery": {"retry": 3, "backoffPolicy": "exponential", "backoffDelay": "PT1S",
                              "deadLetterSink": service(DEAD_LETTERS)}}}


def service(name: str) -> Document:
    """A reference to a Knative Service."""
    return {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": name, "namespace": NAMESPACE}}
