"""Names for the ids that a page has, in one call."""

from uuid import uuid4

from tests.core.factories import make_published
from tests.support import City
from tests.users.people import known


def test_twenty_people_are_one_call_and_strangers_are_left_out(city: City, other_city: City) -> None:
    people = {str(known(city).id) for _ in range(20)}
    strangers = {str(known(other_city).id), str(uuid4())}
    found = city.call("list-users", "city_admin", query=f"ids={','.join(people | strangers)}&limit=1")
    assert {each["id"] for each in found.body["items"]} == people
    one, two = sorted(people)[:2]
    repeated = city.call("list-users", "city_admin", query=f"ids={one}&ids={two}")
    assert {each["id"] for each in repeated.body["items"]} == {one, two}


def test_what_is_no_id_is_named(city: City) -> None:
    refused = city.call("list-users", "city_admin", query=f"ids={uuid4()},nobody")
    assert [each["field"] for each in refused.body["error"]["details"]["errors"]] == ["ids"]
    many = city.call("list-users", "city_admin", query="ids=" + ",".join(str(uuid4()) for _ in range(101)))
    assert many.body["error"]["details"]["errors"][0]["limits"] == {"maxItems": 100}


def test_listings_are_found_by_their_ids(city: City) -> None:
    first, second, _ = (make_published(city)["id"] for _ in range(3))
    found = city.call("list-listings", query=f"ids={first},{second}")
    assert {each["id"] for each in found.body["items"]} == {first, second}
