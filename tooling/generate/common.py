"""What the generators share: names in the cluster, the image, functions by service."""

import tomllib
from collections.abc import Iterable, Mapping
from itertools import chain, groupby
from typing import Any

from shared.kit.record import Record
from shared.runtime.binding import compiled
from tooling.registry import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
REPOSITORY = "ghcr.io/heidi-platform/heidi-functions"
IMAGE = f"{REPOSITORY}:{VERSION}"
NAMESPACE = "heidi"
# the ConfigMap and the Secret that every function reads
SETTINGS, SECRETS = "heidi-settings", "heidi-secrets"
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
    """What has an address: paths that are written out before those with placeholders, as `priority` says.

    Functions ask each other at their addresses (shared/peers/internal_calls.py); an internal one refuses all
    but the platform itself.
    """
    found = [record for record in records if record.kind == "http" and record.path]
    return sorted(found, key=lambda record: (-priority(record.addresses[0]), record.path, record.method))


def methods(record: Record, address: str, shown: Iterable[Record]) -> list[str]:
    """What leads to a function: its method, and what its address does not answer, where it would be taken for
    another's id.

    GET also answers HEAD (RFC 9110 §9.3.2). What else is asked of `/api/users/terms` would fit
    `/api/users/{user_id}`; the function at that address refuses it (405).
    """
    own = answered(record)
    if "{" in address:
        return own
    there = [each for each in shown if address in each.addresses]
    if there[0].name != record.name:
        return own
    fitting = [
        each
        for each in shown
        if is_open(each) and (pattern := compiled(each.path)) and pattern.fullmatch(address)
    ]
    return own + sorted(set(chain(*map(answered, fitting))) - set(chain(*map(answered, there))))


def is_open(record: Record) -> bool:
    """Whether a placeholder of its path may be anything."""
    return "{" in record.addresses[0]


def answered(record: Record) -> list[str]:
    """The methods that a function answers."""
    return ["GET", "HEAD"] if record.method == "GET" else [record.method]


PARTS = 16  # of the longest address


def priority(address: str) -> int:
    """Of two addresses that fit one request the higher is meant: the one that is written out for longer.

    It says nothing but what the address says: which parts are written out, the first counts most. So an address
    more or less changes nobody's else.
    """
    parts = address.strip("/").split("/")
    if len(parts) > PARTS:
        raise ValueError(f"{address} has more than {PARTS} parts, which no priority can tell apart")
    written_out = "".join("0" if part.startswith("{") else "1" for part in parts)
    return int(written_out.ljust(PARTS, "1"), 2)
