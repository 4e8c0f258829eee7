"""stack.yml: the functions for OpenFaaS, one image for all of them; function.yml: one of them, built from the
checkout.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from shared.kit.record import Record
from tooling.generate.common import IMAGE, THREADS, Document, by_service
from tooling.generate.specification import described, specification
from tooling.generate.unit import together
from tooling.generate.yamlfile import as_yaml

GATEWAY = "http://127.0.0.1:8080"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TOP = {"version": str, "provider": dict, "functions": dict}
PROVIDER = {"name": str, "gateway": str}
FUNCTION = {
    "lang": str,
    "handler": str,
    "image": str,
    "skip_build": bool,
    "environment": dict,
    "environment_file": list,
    "secrets": list,
    "labels": dict,
    "annotations": dict,
    "limits": dict,
    "requests": dict,
    "readonly_root_filesystem": bool,
}
RESOURCES = {"memory": str, "cpu": str}
COMMENT = """Deploy with `faas-cli deploy -f stack.yml` (docs/guides/openfaas.md). Settings are in deploy/openfaas/settings.yml;
the Secret heidi-secrets holds what every function needs, heidi-for-… what only some can do, a key per setting.
faas-cli skips what it does not know and replaces dollar signs: `heidi generate --check` refuses both."""
GROUPED = """Each service in one function, instead of stack.yml: docs/scale.md says for whom. The internal gateway and the
edge then need routes to services: `kubectl apply -k deploy/openfaas-grouped`, HEIDI_ROUTES=routes-grouped.caddy, HEIDI_WARM=city.
"""
ALONE = """One function from this checkout, on the packages of the published image (docs/guides/openfaas.md):
    FUNCTION=list-cities faas-cli build --shrinkwrap -f function.yml
    FUNCTION=list-cities faas-cli local-run list-cities -f function.yml --network host
Without FUNCTION it is list-cities. faas-cli wants a handler's folder: here it is the smallest; the code is what `copy` names."""
CHOSEN = "${FUNCTION:-list-cities}"


class StackError(Exception):
    """What faas-cli would silently misread; one line each."""


def render(records: Mapping[str, Record]) -> str:
    """The whole file; StackError when faas-cli would misread it."""
    grouped = by_service(records.values()).values()
    return whole({record.name: specification(record) for group in grouped for record in group}, COMMENT)


def grouped(records: Mapping[str, Record]) -> str:
    """stack-grouped.yml: each service as one function; ticks are functions beside it, because a function of
    OpenFaaS' has one schedule.
    """
    services = {unit.name: described(unit) for unit in together(records)}
    ticks = {record.name: specification(record) for record in records.values() if record.kind == "tick"}
    return whole(services | ticks, GROUPED + COMMENT.replace("stack.yml", "stack-grouped.yml"))


def whole(functions: Mapping[str, Document], comment: str) -> str:
    """A file as faas-cli reads it; StackError when it would misread it."""
    provider = {"name": "openfaas", "gateway": GATEWAY}
    text = as_yaml({"version": "1.0", "provider": provider, "functions": dict(functions)}, comment=comment)
    validate(text)
    return text


def alone(_: Mapping[str, Record]) -> str:
    """A stack of the one function that the environment names; faas-cli replaces its name before it reads the
    file.
    """
    function = {
        "lang": "heidi",
        "handler": "./events",
        "image": f"heidi-local/{CHOSEN}:dev",
        "build_args": {"IMAGE": IMAGE},
        "environment": {"FUNCTION_TARGET": CHOSEN, "WORKER_THREADS": str(THREADS)},
        "readonly_root_filesystem": True,
    }
    return as_yaml(
        {
            "version": "1.0",
            "provider": {"name": "openfaas", "gateway": GATEWAY},
            "configuration": {"copy": ["./events", "./functions", "./shared"]},
            "functions": {CHOSEN: function},
        },
        comment=ALONE,
    )


def validate(text: str) -> None:
    """Refuse what faas-cli would skip or change without a word."""
    found = yaml.safe_load(text)
    problems = [f"line {n}: a dollar sign" for n, line in enumerate(text.splitlines(), 1) if "$" in line]
    problems += unknown("stack.yml", found, TOP) + unknown("provider", found.get("provider", {}), PROVIDER)
    for name, function in found.get("functions", {}).items():
        problems += check(name, function)
    if problems:
        raise StackError("stack.yml would be misread:\n  " + "\n  ".join(problems))


def check(name: str, function: Document) -> list[str]:
    """What is wrong with one function."""
    problems = unknown(name, function, FUNCTION)
    problems += [
        f"{name}: no {key}" for key in ("lang", "handler", "image", "environment") if not function.get(key)
    ]
    for key in ("limits", "requests"):
        problems += unknown(f"{name}.{key}", function.get(key, {}), RESOURCES)
    texts = {
        key: value
        for key in ("environment", "labels", "annotations")
        if isinstance(value := function.get(key), dict)
    }
    problems += [
        f"{name}.{key}.{k}: not text"
        for key, each in texts.items()
        for k, v in each.items()
        if not isinstance(v, str)
    ]
    return (
        problems
        if LABEL.fullmatch(name)
        else [*problems, f"{name}: not a DNS label of at most 63 characters"]
    )


def unknown(where: str, found: Any, known: Mapping[str, type]) -> list[str]:
    """Keys that faas-cli does not know, and values of the wrong kind."""
    if not isinstance(found, dict):
        return [f"{where}: not a mapping"]
    wrong = [f"{where}: unknown key {key}" for key in found if key not in known]
    return wrong + [
        f"{where}.{key}: not {known[key].__name__}"
        for key in found
        if key in known and not isinstance(found[key], known[key])
    ]
