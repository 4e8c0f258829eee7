"""A city's whole life across all services: onboarded, lived in, cloned, handed out, deleted, and nothing of
it left but its name.
"""

import json
from collections.abc import Iterator

import pytest

from shared.adapters import storage
from shared.kit.settings import settings
from shared.personal_data import PLATFORM_TABLES
from tests.city.factories import platform, publish_imprint, registered, resolved
from tests.platform.letters import dead, keep
from tests.privacy.lives import active
from tests.support import City, superuser
from tooling.generate.privacy import tables
from tooling.registry import services

pytestmark = pytest.mark.usefixtures("thirdparty")
TABLES = """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace AND c.relname <> ALL (:left_out)"""
GRAVE = {"city.cities", "audit.entries", "audit.chains"}  # the name; and that it was deleted, as ids alone


def held(city: City) -> dict[str, int]:
    """How many rows of a city each table of every service has, behind all walls."""
    found = {}
    for service in services():
        with superuser(settings().postgres_database_prefix + service) as connection:
            for [table] in connection.run(TABLES, left_out=list(PLATFORM_TABLES)):
                [[count]] = connection.run(f"SELECT count(*) FROM {table} WHERE tenant_id = :id", id=city.id)
                found[f"{service}.{table}"] = count
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def lived_in(city: City) -> Iterator[City]:
    """A city with people, content and files, and an event that could not be delivered."""
    with registered(city) as made:
        made.settle()
        active(made)
        publish_imprint(made)
        made.settle()
        keep(dead(made))
        yield made


def end(by: City, made: City) -> None:
    """Switch it off, hand it out, delete it."""
    for name, tail in (("deactivate-city", "/deactivate"), ("export-city", "/export"), ("delete-city", "")):
        done = platform(by, name, made.id, tail)
        assert done.status < 300, (name, done.body)
        made.settle()


def test_what_a_city_uses_is_what_the_services_have_counted(city: City, lived_in: City) -> None:
    found = platform(city, "get-city-usage", lived_in.id, "/usage").body
    assert (found["missing"], found["listings"]["used"], found["builds"]["used"]) == ([], 1, 0)
    platform(city, "deactivate-city", lived_in.id, "/deactivate")
    assert platform(city, "get-city-usage", lived_in.id, "/usage").body["missing"] == []


def test_everything_that_any_service_holds_is_handed_out(city: City, lived_in: City) -> None:
    platform(city, "deactivate-city", lived_in.id, "/deactivate")
    before = held(lived_in)
    platform(city, "export-city", lived_in.id, "/export")
    lived_in.settle()
    found = platform(city, "get-city-export", lived_in.id, "/export").body
    assert (found["status"], found["missing"]) == ("complete", [])
    keys = [
        key for key in storage.keys(lived_in.id, f"exports/{found['exportId']}/") if key.endswith(".jsonl")
    ]
    out = {".".join(key.split("/")[2:]).rpartition("-")[0] for key in keys}
    assert set(before) - out == set()
    lines = (
        storage.get(lived_in.id, f"exports/{found['exportId']}/core/listings-0001.jsonl")
        .decode()
        .splitlines()
    )
    assert [json.loads(line)["title"] for line in lines] == ["Lesecafé"]


def test_nothing_is_left_in_any_service_but_the_name(city: City, lived_in: City, other_city: City) -> None:
    active(other_city)
    before = held(other_city)
    assert {name.partition(".")[0] for name in held(lived_in)} == {service for service, _ in tables()}, (
        "in each service with tables somebody has to leave something: tests/privacy/lives.py"
    )
    end(city, lived_in)
    assert set(held(lived_in)) <= GRAVE
    assert lived_in.rows(
        "city", "SELECT name, erased_at IS NOT NULL FROM cities WHERE id = :id", id=lived_in.id
    ) == [[lived_in.tenant.slug, True]]
    assert list(storage.keys(lived_in.id)) == []
    assert held(other_city) == before
    assert list(storage.keys(other_city.id, "people/")) != []


def test_a_clone_lives_on_when_its_source_is_gone(city: City, lived_in: City) -> None:
    body = {
        "slug": f"neu-{lived_in.tenant.slug}",
        "name": "Neustadt",
        "admin": {"email": "neu@neustadt.example"},
    }
    made = platform(city, "clone-city", lived_in.id, "/clone", body=body)
    assert made.status == 201, made.body
    clone = City(resolved(made.body["id"]))
    clone.settle()
    headings = [heading["slug"] for heading in lived_in.call("list-categories").body["items"]]
    assert [heading["slug"] for heading in clone.call("list-categories", "editor").body["items"]] == headings
    assert clone.rows("core", "SELECT 1 FROM listings") == clone.rows("auth", "SELECT 1 FROM accounts") == []
    end(city, lived_in)
    assert [heading["slug"] for heading in clone.call("list-categories", "editor").body["items"]] == headings
