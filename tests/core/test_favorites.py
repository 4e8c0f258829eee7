"""Favourites: one's own, of what one may see, in one's own city."""

from uuid import UUID, uuid4

import pytest

from functions.core.models import MODELS
from shared.db.privacy import erase
from tests.core.factories import make_listing, make_published
from tests.support import City


def add(city: City, listing: object, role: str = "citizen"):
    return city.call("add-favorite", role, path=f"/api/users/me/favorites/{listing}")


def remove(city: City, listing: object, role: str = "citizen"):
    return city.call("remove-favorite", role, path=f"/api/users/me/favorites/{listing}")


def favorites(city: City, role: str = "citizen", query: str = ""):
    answer = city.call("list-favorites", role, query=query)
    assert answer.status == 200, answer.body
    return answer.body


def ids(city: City, role: str = "citizen") -> list[str]:
    return [item["id"] for item in favorites(city, role)["items"]]


def test_the_newest_favourite_comes_first_as_the_listing_that_it_is(city: City) -> None:
    first, second = make_published(city, title="Freibad"), make_published(city, title="Hallenbad")
    for listing in (first, second):
        assert add(city, listing["id"]).status == 204
    found = favorites(city)["items"]
    assert [item["title"] for item in found] == ["Hallenbad", "Freibad"]
    assert {key: value for key, value in found[1].items() if key != "favoriteSince"}.items() <= first.items()


def test_to_add_or_to_remove_twice_changes_nothing(city: City) -> None:
    listing = make_published(city)["id"]
    assert [add(city, listing).status for _ in range(2)] == [204, 204]
    assert ids(city) == [listing]
    assert [remove(city, listing).status for _ in range(2)] == [204, 204]
    assert ids(city) == []


def test_everybody_has_their_own(city: City) -> None:
    listing = make_published(city)["id"]
    add(city, listing)
    assert ids(city, "editor") == []
    assert remove(city, listing, "editor").status == 204
    assert ids(city) == [listing]


def test_what_is_not_published_can_be_marked_by_its_author_only(city: City) -> None:
    pending = make_listing(city)["id"]
    assert add(city, pending, "editor").status == 204
    for role in ("citizen", "city_admin"):
        assert (add(city, pending, role).status, add(city, pending, role).code) == (404, "LISTING_NOT_FOUND")
    assert ids(city, "editor") == [pending]


def test_what_is_not_shown_any_more_is_left_out_until_it_is_shown_again(city: City) -> None:
    listing = make_published(city)["id"]
    add(city, listing)
    for status, seen in (("archived", []), ("published", [listing])):
        city.rows("core", "UPDATE listings SET status = :status RETURNING 1", status=status)
        assert ids(city) == seen


def test_a_listing_of_another_city_is_not_there(city: City, other_city: City) -> None:
    foreign = make_published(other_city)["id"]
    assert (add(city, foreign).status, add(city, uuid4()).status) == (404, 404)
    assert favorites(city)["items"] == []


def test_the_database_itself_refuses_a_foreign_listing(city: City, other_city: City) -> None:
    foreign, work = make_published(other_city)["id"], city.sql("core")
    with pytest.raises(Exception, match="foreign key"):
        work.run(
            "INSERT INTO favorites (id, tenant_id, user_id, listing_id, created_at) VALUES (:id, :tenant, :id, :listing, now())",
            id=uuid4(),
            tenant=city.id,
            listing=foreign,
        )
    work.rollback()


def test_the_list_comes_in_pages(city: City) -> None:
    listings = [make_published(city)["id"] for _ in range(5)]
    for listing in listings:
        add(city, listing)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = favorites(city, query=f"limit=2{cursor and '&cursor=' + cursor}")
        assert len(page["items"]) <= 2
        seen, cursor = [*seen, *(item["id"] for item in page["items"])], page["nextCursor"]
    assert seen == listings[::-1]


def test_nobody_has_favourites_without_a_token(city: City) -> None:
    assert city.call("list-favorites").status == 401


def test_an_erased_persons_favourites_are_gone_and_a_deleted_listing_is_nobodys(city: City) -> None:
    listing, other = (make_published(city)["id"] for _ in range(2))
    for role in ("citizen", "editor"):
        add(city, listing, role)
        add(city, other, role)
    work = city.sql("core")
    erase(work, city.id, UUID(str(city.person("citizen"))), MODELS)
    work.commit()
    assert (ids(city), ids(city, "editor")) == ([], [other, listing])
    city.rows("core", "DELETE FROM listings WHERE id = :id RETURNING 1", id=listing)
    assert ids(city, "editor") == [other]
