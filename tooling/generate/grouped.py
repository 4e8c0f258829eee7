"""knative/components/grouped: each service as one Knative Service, for who begins small."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.budgets import budget
from tooling.generate.common import Document
from tooling.generate.knative import deployed
from tooling.generate.triggers import bringing
from tooling.generate.unit import WHOLE, Unit, together
from tooling.generate.yamlfile import as_yaml

GRAIN = {"heidi.app/grain": WHOLE}
SERVICES = """All functions of a service in one process, with the role and the secrets that they need together: the walls
between services stay, those between the functions of one do not (docs/guides/least-power.md)."""
TRIGGERS = """One for each service, of all events: each Trigger has a dispatcher, a pod that is always there. The internal
gateway drops what nobody of the service hears, before it wakes anybody (routes.caddy)."""
HOSTS = """Where the public addresses lead, whether through Traefik or the Gateway API: to the service instead of the function."""


def services(records: Mapping[str, Record]) -> str:
    """One Knative Service each."""
    return as_yaml(*(marked(deployed(unit)) for unit in together(records)), comment=SERVICES)


def triggers(records: Mapping[str, Record]) -> str:
    """One Trigger for each service that hears anything."""
    found = (bringing(unit, unit.name, {}) for unit in together(records) if unit.types)
    return as_yaml(*map(marked, found), comment=TRIGGERS)


def budgets(records: Mapping[str, Record]) -> str:
    """For services that stay warm."""
    return as_yaml(*(marked(budget(unit)) for unit in together(records) if unit.min_scale))


def marked(document: Document) -> Document:
    """With a label by which the component tells it from those of functions."""
    document["metadata"]["labels"] = document["metadata"]["labels"] | GRAIN
    return document


def hosts(records: Mapping[str, Record]) -> str:
    """Kustomize's replacements; those of routes that an overlay does not use find nothing."""
    return as_yaml([replaced(unit) for unit in together(records)], comment=HOSTS)


def replaced(unit: Unit) -> Document:
    """In a host name like <function>.<namespace>.svc.cluster.local the first word."""
    first = {"delimiter": ".", "index": 0}
    by_service = f"heidi.app/service={unit.name}"
    return {
        "source": {"group": "serving.knative.dev", "kind": "Service", "name": unit.name},
        "targets": [
            {
                "select": {"kind": "Middleware", "labelSelector": f"heidi.app/middleware=host,{by_service}"},
                "fieldPaths": ["spec.headers.customRequestHeaders.Host"],
                "options": first,
            },
            {
                "select": {"kind": "HTTPRoute", "labelSelector": f"heidi.app/routes=functions,{by_service}"},
                "fieldPaths": ["spec.rules.*.filters.0.urlRewrite.hostname"],
                "options": first,
            },
        ],
    }
