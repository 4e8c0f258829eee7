"""What Redis remembers of cities takes nobody's token to another city, whoever has written it there."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.adapters import redis
from shared.tenancy import tenants
from tests.support import City, call


@pytest.fixture
def moved(city: City, other_city: City) -> Iterator[City]:
    """A city of whose id Redis says that it is another's, as everybody can write who holds its password."""
    names, lie = (str(city.id), city.tenant.slug), other_city.tenant.model_dump_json()
    for name in names:
        tenants.memory.pop(name)
        redis.command("SET", tenants.key(name), lie)
    yield city
    for name in names:
        tenants.forget_name(name)


def test_a_citys_admin_is_no_admin_of_another_city(moved: City, other_city: City) -> None:
    token = moved.token("city_admin")
    for parts in (
        {},
        {"tenant": str(moved.id)},
        {"tenant": moved.tenant.slug},
        {"tenant": other_city.tenant.slug},
    ):
        assert call("list-users", token=token, **dict[str, Any](parts)).status == 404, parts


def test_a_super_admin_who_names_a_city_by_its_id_acts_in_no_other(moved: City) -> None:
    assert call("list-users", token=moved.token("super_admin"), tenant=str(moved.id)).status == 404


def test_what_is_told_by_a_citys_id_is_told_of_no_other(moved: City) -> None:
    assert tenants.lookup(str(moved.id)) is None
