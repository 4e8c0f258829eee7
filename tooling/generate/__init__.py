"""Everything that is generated from the functions' records: `generate()` writes it, `generate(check=True)`
only compares.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from shared.kit.record import Record
from tooling.numbers import clashes
from tooling.registry import ROOT, RegistryError, contradictions, records, unkept

Render = Callable[[Mapping[str, Record]], str]


def outputs() -> dict[str, Render]:
    """What is generated, and by whom."""
    from tooling.generate import (
        access,
        accounts,
        asyncapi,
        budgets,
        caddyfile,
        catalogue,
        commands,
        databases,
        event_types,
        grouped,
        knative,
        openapi,
        powers,
        privacy,
        routes,
        schedules,
        stack,
        traefik,
        triggers,
        vault,
        version,
    )
    from tooling.generate.environment import example, ticks
    from tooling.generate.monitoring import MONITORING

    return {
        "stack.yml": stack.render,
        "function.yml": stack.alone,
        "knative/base/functions.yaml": knative.render,
        "knative/base/triggers.yaml": triggers.render,
        "knative/components/grouped/services.yaml": grouped.services,
        "knative/components/grouped/triggers.yaml": grouped.triggers,
        "knative/components/grouped/budgets.yaml": grouped.budgets,
        "knative/components/grouped/hosts.yaml": grouped.hosts,
        "knative/components/grouped/routes.caddy": caddyfile.internal_grouped,
        "stack-grouped.yml": stack.grouped,
        "knative/base/schedules.yaml": schedules.render,
        "knative/base/event-types.yaml": event_types.render,
        "knative/base/accounts.yaml": accounts.render,
        "knative/base/budgets.yaml": budgets.render,
        "knative/components/vault/secrets.yaml": vault.render,
        "knative/version/kustomization.yaml": version.render,
        "knative/routes/gateway-api/routes.yaml": routes.gateway_api,
        "knative/routes/traefik/routes.yaml": traefik.render,
        "deploy/edge/routes.caddy": caddyfile.edge,
        "deploy/edge/routes-grouped.caddy": caddyfile.edge_grouped,
        "knative/base/internal-gateway/routes.caddy": caddyfile.internal,
        "deploy/data/base/databases.yaml": databases.render,
        "deploy/data/base/roles.yaml": databases.managed,
        "docs/reference/openapi.json": openapi.render,
        "docs/reference/asyncapi.json": asyncapi.render,
        "docs/reference/access-matrix.md": access.render,
        "docs/reference/powers.md": powers.render,
        "docs/reference/functions.md": catalogue.render,
        "docs/reference/commands.txt": commands.render,
        "docs/privacy.md": privacy.render,
        "deploy/env.example": example,
        "deploy/ticks.json": ticks,
        **MONITORING,
    }


def generate(check: bool = False, root: Path = ROOT) -> list[str]:  # noqa: FBT001, FBT002 (`heidi generate --check`)
    """The files that differ from what the records say; they are written unless `check`. RegistryError on a
    contradiction.
    """
    known = records()
    if problems := contradictions(known.values()) + unkept(known.values()) + clashes():
        raise RegistryError("\n".join(problems))
    return [
        name for name, render in outputs().items() if differs(root / name, render(known), write=not check)
    ]


def differs(path: Path, text: str, *, write: bool) -> bool:
    """Whether the file is not what it should be; afterwards it is, if asked for."""
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return True
