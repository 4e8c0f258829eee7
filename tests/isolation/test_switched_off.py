"""A city that is switched off is switched off in every function, for everyone but the platform."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.kit.record import PLACEHOLDER, Record
from tests.support import City, call
from tooling.registry import records

IN_A_CITY = [r for r in records().values() if r.kind == "http" and not r.tenantless and not r.access.internal]
names: dict[str, Any] = {"ids": lambda value: value.name}


@pytest.fixture
def switched_off() -> Iterator[City]:
    with City.known("weinheim", active=False) as made:
        yield made


def path_of(record: Record) -> str:
    return PLACEHOLDER.sub("00000000-0000-4000-8000-000000000000", record.path)


@pytest.mark.parametrize("record", IN_A_CITY, **names)
def test_a_function_answers_nobody_of_a_city_that_is_switched_off(record: Record, switched_off: City) -> None:
    slug = switched_off.tenant.slug
    for role in ("", "citizen", "city_admin", "super_city_admin"):
        token = switched_off.token(role) if role else ""
        for named in (
            {"tenant": slug},
            {"host": f"{slug}.localhost"},
            {"tenant": slug, "host": f"{slug}.localhost"},
        ):
            answer = call(record.name, path=path_of(record), token=token, **dict[str, Any](named))
            assert (answer.status, answer.code) == (403, "TENANT_INACTIVE"), (role, named)


@pytest.mark.parametrize("record", [r for r in IN_A_CITY if not r.access.public], **names)
def test_a_token_alone_does_not_open_it_either(record: Record, switched_off: City) -> None:
    assert (
        call(record.name, path=path_of(record), token=switched_off.token("super_city_admin")).code
        == "TENANT_INACTIVE"
    )
