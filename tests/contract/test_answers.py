"""What all answers have in common, read off the answers themselves: whatever a function has to say, and
whichever function comes next.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.tenancy import tenants
from tests.adapters.running import ThirdParties
from tests.audit.log import record
from tests.random_walk import Walk
from tests.support import City
from tooling.stack.environment import entered

TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*")
OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """Every function was called in a city in which there is one of everything."""
    servers = ThirdParties(tmp_path)
    servers.start()
    with City.known("ladenburg") as made, entered(servers.environment()):
        there = Walk(made).through("POST", "PUT", "PATCH")
        tenants.memory[str(made.id)] = (float("inf"), made.tenant)  # what changes a city forgets it
        record(made, *made.changes("core"))
        yield there.through("GET")
    servers.stop()


def times(node: Any) -> Iterator[str]:
    """Every text in an answer that is a time."""
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from times(part)
    elif isinstance(node, str) and TIME.fullmatch(node):
        yield node


def test_a_client_reads_every_time_in_every_answer_as_rfc_3339_in_utc_with_z(walk: Walk) -> None:
    told = {record.name: time for record, got in walk.answers for time in times(got.body)}
    other = {name: time for name, time in told.items() if not OURS.fullmatch(time)}
    assert other == {}
    readers = {record.name for record, got in walk.answers if record.method == "GET" and any(times(got.body))}
    assert len(readers) > 30, readers
