"""The public paths for an implementation of the Gateway API: knative/routes/gateway-api/routes.yaml."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from shared.kit.record import PLACEHOLDER, Record
from tooling.generate.common import Document, methods, public
from tooling.generate.yamlfile import as_yaml

RULES = 16  # of one HTTPRoute, by the Gateway API
PARTS_OF_HEIDI = {"app.kubernetes.io/part-of": "heidi"}
INGRESS = {"name": "kourier-internal", "namespace": "kourier-system", "port": 80}
GATEWAY = "heidi"
LISTENERS = ("platform", "cities")  # not the one without TLS
ANY = "namespace"  # stands where an overlay puts its own (kustomization.yaml)
COMMENT = """Knative routes by host, not by path: each rule rewrites the host to its function's and sends the request to the
ingress.
Addresses without placeholders match exactly and win; those with an id need RegularExpression, which Gateway API leaves to the
implementation (Istio, Envoy Gateway, Cilium, Contour and NGINX Gateway Fabric have it). deploy/edge is the way without.
The functions find the city in X-Forwarded-Host, which the implementation must set when it rewrites the host."""


def gateway_api(records: Mapping[str, Record]) -> str:
    """HTTPRoutes of at most 16 rules, by resource."""
    shown = public(records.values())
    return as_yaml(*(route(name, part, shown) for name, part in parts(shown)), comment=COMMENT)


def parts(shown: Sequence[Record]) -> Iterator[tuple[str, Sequence[Record]]]:
    """Each resource's addresses with the name of their route; in handfuls where there are too many for one."""
    for name, group in sorted(by_resource(shown).items()):
        for start in range(0, len(group), RULES):
            yield name + (f"-{start // RULES + 1}" if start else ""), group[start : start + RULES]


def by_resource(shown: Iterable[Record]) -> dict[str, list[Record]]:
    """The functions of each folder: what is new in one changes no other's routes."""
    found: dict[str, list[Record]] = {}
    for record in shown:
        folder = record.target.rpartition(".")[0].replace(".", "-").replace("_", "-")
        found.setdefault(folder, []).append(record)
    return found


def route(name: str, records: Sequence[Record], shown: Sequence[Record]) -> Document:
    """One HTTPRoute."""
    labels = {**PARTS_OF_HEIDI, "heidi.app/routes": "functions", "heidi.app/service": records[0].service}
    parents = [{"name": GATEWAY, "sectionName": listener} for listener in LISTENERS]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "labels": labels},
        "spec": {"parentRefs": parents, "rules": [rule(record, shown) for record in records]},
    }


def rule(record: Record, shown: Sequence[Record]) -> Document:
    """One address: which requests, as whom, to where."""
    ways = ((address, method) for address in record.addresses for method in methods(record, address, shown))
    return {
        "matches": [{"path": path(address), "method": method} for address, method in ways],
        "filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": hostname(record)}}],
        "backendRefs": [dict(INGRESS)],
        "timeouts": {"request": f"{record.timeout}s"},
    }


def hostname(record: Record) -> str:
    """The name that Knative's inner ingress knows a function by."""
    return f"{record.name}.{ANY}.svc.cluster.local"


def path(address: str) -> Document:
    """How a path is matched."""
    if "{" in address:
        return {"type": "RegularExpression", "value": expression(address)}
    return {"type": "Exact", "value": address}


def expression(address: str) -> str:
    """The path as a regular expression that RE2 and PCRE read alike."""
    return PLACEHOLDER.sub("[^/]+", address)
