"""knative/base/budgets.yaml: how many instances may be taken away at a time, when nodes are emptied."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import Document
from tooling.generate.triggers import labels
from tooling.generate.unit import Unit
from tooling.generate.yamlfile import as_yaml

COMMENT = """For what stays warm. One at a time: of three there are always two, and a single one does not keep a node from being
emptied. What starts on demand has none: its instances come and go anyway."""


def render(records: Mapping[str, Record]) -> str:
    """All budgets, by function."""
    return as_yaml(*(budget(record) for record in records.values() if record.min_scale), comment=COMMENT)


def budget(unit: Record | Unit) -> Document:
    """Of one function or service: its pods are found by the label that Knative gives them."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": unit.name, "labels": labels(unit)},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {"serving.knative.dev/service": unit.name}},
        },
    }
