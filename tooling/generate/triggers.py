"""knative/base/triggers.yaml: which function hears which event."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import Document
from tooling.generate.unit import Unit, alone
from tooling.generate.yamlfile import as_yaml

BROKER, DEAD_LETTERS = "heidi", "keep-dead-letter"
DELIVERY: Document = {"retry": 100, "backoffPolicy": "linear", "backoffDelay": "PT1S"}
INSTANCES = 5  # of a function that its events alone keep busy
COMMENT = """One Trigger per function and type: the RabbitMQ broker reads only filter.attributes, which knows no «or».
Tried again after 1, 2, 3 … 100 s: 1 + 2 + … + 100 = 5050 s, so what a function needs may be away for an hour, and goes on within
100 s of its return. All that time an event holds one of its dispatcher's places (parallelism); the rest waits in the queue.
What can never succeed is not tried that often: the function hands it in as a dead letter, at once or after four failures
(shared/events/dead_letters.py). What is still not taken then goes to the broker's dead-letter sink (platform.yaml). A Trigger
with a sink of its own would have a second dispatcher, one more pod for each of these. The internal gateway brings each event
to its function, with the platform's token: Knative cannot send it."""


def render(records: Mapping[str, Record]) -> str:
    """All Triggers, by function."""
    return as_yaml(
        *(trigger(record, type_) for record in records.values() for type_ in record.types), comment=COMMENT
    )


def trigger(record: Record, type_: str) -> Document:
    """One Trigger; without a filter it brings every event."""
    wanted: Document = {} if type_ == "*" else {"filter": {"attributes": {"type": type_}}}
    topic = (
        "every-event"
        if type_ == "*"
        else type_.removeprefix("app.heidi.").replace(".", "-").replace("_", "-")
    )
    return bringing(alone(record), f"{record.name}-{topic}", wanted)


def bringing(unit: Unit, name: str, wanted: Document) -> Document:
    """A Trigger that brings what is wanted; all, where nothing is said."""
    return {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Trigger",
        "metadata": {"name": name, "labels": labels(unit), "annotations": dispatcher(unit)},
        "spec": {
            "broker": BROKER,
            **wanted,
            "subscriber": through_gateway("events", unit.name),
            "delivery": DELIVERY,
        },
    }


def dispatcher(unit: Unit) -> dict[str, str]:
    """What the Trigger's dispatcher may take (by default four cores), and how many events it has under way.

    By default it is one: an event that is tried again would hold up all cities' others behind it, for the
    sake of an order that no function relies on.
    """
    sizes = {"cpu-request": "10m", "memory-request": "32Mi", "memory-limit": "128Mi"}
    facts = {"parallelism": str(unit.at_once * INSTANCES)} | sizes
    return {f"rabbitmq.eventing.knative.dev/{name}": value for name, value in facts.items()}


def through_gateway(door: str, function: str) -> Document:
    """Where the internal gateway takes an event or a tick for a function."""
    return {
        "ref": {"apiVersion": "v1", "kind": "Service", "name": "internal-gateway-events"},
        "uri": f"/{door}/{function}",
    }


def labels(owner: Record | Unit) -> dict[str, str]:
    """Whose it is."""
    return {"app.kubernetes.io/part-of": "heidi", "app.kubernetes.io/component": owner.service}
