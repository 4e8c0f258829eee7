"""What the generators share: names in the cluster, the image, functions by service."""

import tomllib
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from shared.record import Record
from tooling.registry import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
REPOSITORY = "ghcr.io/heidi-platform/heidi-functions"
IMAGE = f"{REPOSITORY}:{VERSION}"
NAMESPACE = "heidi"
SETTINGS, SECRETS = (
    "heidi-settings",
    "heidi-secrets",
)  # the ConfigMap and the Secret that every function reads
THREADS = 8  # of one instance; it takes as many requests at once
GENERATED = "Generated from the functions' records by `heidi generate`. Do not edit."

Document = dict[str, Any]


def by_service(records: Iterable[Record]) -> Mapping[str, list[Record]]:
    """The functions of each service, both in alphabetical order."""
    ordered = sorted(records, key=lambda record: (record.service, record.name))
    return {service: list(group) for service, group in groupby(ordered, key=lambda record: record.service)}


def public(records: Iterable[Record]) -> list[Record]:
    """What everyone may know of: the addresses without those that only the platform itself calls."""
    return [record for record in addressed(records) if not record.access.internal]


def addressed(records: Iterable[Record]) -> list[Record]:
    """What has an address: static paths before those with placeholders, long ones before short ones.

    Functions ask each other at their addresses (shared/inside.py); an internal one refuses all but the platform itself.
    """
    found = [record for record in records if record.kind == "http" and record.path]
    return sorted(found, key=lambda record: (shape(record), record.path, record.method))


def shape(record: Record) -> tuple[bool, str]:
    """Sorts addresses so that of two that fit the one comes first that is written out for longer."""
    holes = "".join("1" if part.startswith("{") else "0" for part in record.path.strip("/").split("/"))
    return ("1" in holes, holes)
