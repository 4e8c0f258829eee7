"""How much of the calls a new version gets: the patches of Knative Services for canary and blue-green.

It reads what `kubectl get ksvc -o json` says and writes `kubectl patch` lines, so that a person sees them
before a shell does.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from tooling.command_failed import CommandFailed

Service = dict[str, Any]
Traffic = list[dict[str, Any]]
NEXT = "next"  # the tag, and so the beginning of the host name, under which the newest version alone answers


def patches(text: str, step: str, percent: int = 0) -> Iterator[str]:
    """A line per Service; CommandFailed where a step does not follow from how things stand."""
    for service in services(text):
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        patch = json.dumps({"spec": {"traffic": traffic(service, step, percent)}}, separators=(",", ":"))
        yield f"kubectl -n {shlex.quote(namespace)} patch ksvc {shlex.quote(name)} --type merge -p {shlex.quote(patch)}"


def services(text: str) -> list[Service]:
    """One Service, or a list of them."""
    try:
        found = json.loads(text)
        items: list[Service] = found["items"] if found["kind"].endswith("List") else [found]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandFailed("This is not what `kubectl get ksvc -o json` says.") from None
    if not items or any(
        item.get("kind") != "Service" or "knative" not in item.get("apiVersion", "") for item in items
    ):
        raise CommandFailed("There is no Knative Service in it.")
    return items


def traffic(service: Service, step: str, percent: int) -> Traffic:
    """Who gets what after a step."""
    if step == "finish":
        return [{"latestRevision": True, "percent": 100}]
    if step == "hold":
        return split(ready(service), 0)
    return split(held(service), percent if step == "share" else 0)


def split(old: str, percent: int) -> Traffic:
    """The old version and, under its tag and with its share, the newest."""
    return [
        {"revisionName": old, "percent": 100 - percent},
        {"latestRevision": True, "percent": percent, "tag": NEXT},
    ]


def ready(service: Service) -> str:
    """The newest version that works."""
    if name := service.get("status", {}).get("latestReadyRevisionName"):
        return str(name)
    raise CommandFailed(f"{service['metadata']['name']} has no version yet that works.")


def held(service: Service) -> str:
    """The version that was held."""
    for target in service["spec"].get("traffic", []):
        if name := target.get("revisionName"):
            return str(name)
    raise CommandFailed(
        f"No version of {service['metadata']['name']} is held: `heidi rollout hold` comes before the new one."
    )
