"""The public paths for Traefik: knative/routes/traefik/routes.yaml."""

import re
from collections.abc import Iterable, Mapping, Sequence

from shared.kit.record import PLACEHOLDER, Record
from tooling.generate.caddyfile import limit
from tooling.generate.common import Document, by_service, methods, priority, public
from tooling.generate.routes import INGRESS, PARTS_OF_HEIDI, hostname
from tooling.generate.yamlfile import as_yaml

SPLIT = "(?:)"  # matches nothing; it tells kustomize where the domain begins and ends
HOSTS = f"HostRegexp(`^([a-z0-9-]+[.])?{SPLIT}heidi.example{SPLIT}$`)"
COMMENT = """Knative routes by host, not by path: a Middleware for each function puts its name there. Another one for each length
of body refuses what is longer, before a function sees any of it.
The more of an address is written out the higher its priority, which follows from the address alone: Traefik's own, the
length of the rule, would prefer long expressions."""


def render(records: Mapping[str, Record]) -> str:
    """Middlewares, then IngressRoutes by service."""
    shown = public(records.values())
    limits = [buffering(most) for most in sorted({limit(record) for record in shown})]
    hosts = [host(record) for record in sorted(shown, key=lambda record: record.name)]
    services = (
        routes(service, (route(record, each, shown) for record in public(group) for each in record.addresses))
        for service, group in by_service(shown).items()
    )
    return as_yaml(*limits, *hosts, *services, comment=COMMENT)


def middleware(name: str, spec: Document, **labels: str) -> Document:
    """One step on the way to a function."""
    about = {
        "name": name,
        "labels": PARTS_OF_HEIDI | {f"heidi.app/{key}": value for key, value in labels.items()},
    }
    return {"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": about, "spec": spec}


def buffering(most: int) -> Document:
    """Refuses longer bodies; the function is called when the whole body is there, however slowly it comes."""
    return middleware(up_to(most), {"buffering": {"maxRequestBodyBytes": most}})


def up_to(most: int) -> str:
    """The name of that Middleware."""
    return f"up-to-{most}"


def host(record: Record) -> Document:
    """The function's host name, for Knative's ingress; X-Forwarded-Host keeps the caller's."""
    return middleware(
        record.name,
        {"headers": {"customRequestHeaders": {"Host": hostname(record)}}},
        middleware="host",
        service=record.service,
    )


def routes(service: str, rules: Iterable[Document]) -> Document:
    """One service's addresses."""
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {"name": service, "labels": {**PARTS_OF_HEIDI, "heidi.app/routes": "functions"}},
        "spec": {
            "entryPoints": ["websecure"],
            "routes": [*rules],
            "tls": {"secretName": "heidi-tls", "options": {"name": "heidi"}},
        },
    }


def route(record: Record, address: str, shown: Sequence[Record]) -> Document:
    """One address."""
    steps = [{"name": name} for name in ("edge", up_to(limit(record)), record.name)]
    return {
        "match": match(record, address, shown),
        "kind": "Rule",
        "priority": priority(address),
        "middlewares": steps,
        "services": [{**INGRESS, "passHostHeader": True}],
    }


def match(record: Record, address: str, shown: Sequence[Record]) -> str:
    """Host, method and path, as Traefik 3 writes rules."""
    method = " || ".join(f"Method(`{method}`)" for method in methods(record, address, shown))
    return f"{HOSTS} && {f'({method})' if '||' in method else method} && {path(address)}"


def path(address: str) -> str:
    """An exact path, or an expression where there is an id in it."""
    if "{" not in address:
        return f"Path(`{address}`)"
    return "PathRegexp(`^" + "[^/]+".join(re.escape(part) for part in PLACEHOLDER.split(address)[::2]) + "$`)"
