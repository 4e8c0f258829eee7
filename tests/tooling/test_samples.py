"""`./heidi functions show` ends with calls that one can paste."""

import json
import shlex

import pytest
from pydantic import TypeAdapter

from tests.support import City
from tooling import samples
from tooling.generate.openapi import signature
from tooling.registry import records

GATEWAY = "http://127.0.0.1:8080"
CALLED = [record for record in records().values() if record.kind == "http" and not record.access.internal]


def test_every_sample_has_a_body_that_its_function_would_read() -> None:
    wrong = {}
    for record in CALLED:
        if found := signature(record)[1]:
            try:
                TypeAdapter(found[1]).validate_json(samples.sample_body(record))
            except ValueError as error:
                wrong[record.name] = str(error).splitlines()[:3]
    assert wrong == {}


def test_every_sample_is_made_by_somebody_who_may_and_leaves_no_hole() -> None:
    for record in CALLED:
        invoked, *curled = samples.calls(record, GATEWAY)
        words = shlex.split(invoked)
        assert words[:3] == ["./heidi", "invoke", record.name]
        assert ("--as" in words) is not record.access.public
        assert ("-t" in words) is not record.tenantless
        assert "{" not in samples.where(record)
        assert len(curled) == (1 if record.access.public else 2)


def test_a_sample_is_answered(city: City) -> None:
    words = shlex.split(samples.calls(records()["create-category"], GATEWAY)[0])
    role = words[words.index("--as") + 1].replace("-", "_")
    made = city.call("create-category", role, body=json.loads(words[words.index("--data") + 1]))
    assert made.status == 201, made.body


@pytest.mark.parametrize(("name", "role"), [("list-listings", None), ("approve-listing", "city_admin")])
def test_the_least_role_that_may_call(name: str, role: str | None) -> None:
    record = records()[name]
    assert (None if record.access.public else samples.least(record)) == role
