"""Grafana's dashboards as JSON, from as little as is said about them (dashboards.py)."""

import json
from dataclasses import dataclass, field

from tooling.generate.common import Document

SCHEMA = 39  # of Grafana 11; newer ones read it and raise it by themselves
PROMETHEUS, LOKI, TEMPO = ({"type": kind, "uid": kind} for kind in ("prometheus", "loki", "tempo"))
HEIGHT, WIDTH = 8, 24
Query = tuple[str, str]  # PromQL, and how to call its lines


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
        targets = [
            target(self.source, ref, *query) for ref, query in zip("ABCDEFGHIJ", self.queries, strict=False)
        ]
        plain = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "datasource": self.source,
            "targets": targets,
            "gridPos": {"h": HEIGHT, "w": self.width, "x": x, "y": y},
        }
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
            "uid": f"heidi-{self.uid}",
            "title": self.title,
            "tags": ["heidi"],
            "schemaVersion": SCHEMA,
            "editable": False,
            "timezone": "browser",
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "templating": {"list": [namespace, *self.variables]},
            "panels": arranged(self.panels),
        }
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
    return {
        "name": name,
        "type": "query",
        "datasource": PROMETHEUS,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def typed(name: str, label: str) -> Document:
    """A field to type into."""
    return {
        "name": name,
        "label": label,
        "type": "textbox",
        "query": "",
        "current": {"text": "", "value": ""},
    }
