"""A picture is as visible as what it is attached to."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.core.factories import make_listing, make_published
from tests.core.test_media import picture, processed
from tests.support import Answer, City

pytestmark = pytest.mark.usefixtures("thirdparty")
STAFF, AUTHOR, STRANGERS = "city_admin", "editor", ("", "citizen")


def see(city: City, media_id: str, role: str = "") -> Answer:
    return city.call("get-media", role, path=f"/api/media/{media_id}")


def is_public(city: City, media_id: str) -> bool:
    """Whether everyone sees it; its author and the city's admins always do."""
    assert {see(city, media_id, role).status for role in (STAFF, AUTHOR)} == {302}
    [status] = {see(city, media_id, role).status for role in STRANGERS}
    return status == 302


def seconds(answer: Answer) -> int:
    """How long the link is good."""
    return int(parse_qs(urlsplit(answer.headers["Location"]).query)["X-Amz-Expires"][0])


def set_status(city: City, listing: str, status: str) -> None:
    city.rows(
        "core", "UPDATE listings SET status = :status WHERE id = :id RETURNING 1", status=status, id=listing
    )


def test_a_pending_listings_picture_is_for_its_author_and_admins_by_a_short_private_link(city: City) -> None:
    media = processed(city, picture())
    assert not is_public(city, media)  # attached to nothing
    listing = make_listing(city, mediaIds=[media])
    assert listing["status"] == "pending_approval"
    assert not is_public(city, media)
    for role in (STAFF, AUTHOR):
        shown = see(city, media, role)
        assert (shown.headers["Cache-Control"], seconds(shown)) == ("private, no-store", 60)
        assert httpx.get(shown.headers["Location"]).status_code == 200


def test_it_is_public_from_the_approval_on_and_never_kept_longer_than_its_link_lives(city: City) -> None:
    media = processed(city, picture())
    listing = make_listing(city, mediaIds=[media])
    assert city.call("approve-listing", STAFF, path=f"/api/listings/{listing['id']}/approve").status == 200
    assert is_public(city, media)
    shown = see(city, media)
    assert shown.headers["Cache-Control"] == "public, max-age=240"
    assert 240 < seconds(shown) <= 300


@pytest.mark.parametrize("status", ["draft", "pending_approval", "rejected", "archived"])
def test_it_is_public_no_more_when_the_listing_is_not(city: City, status: str) -> None:
    media = processed(city, picture())
    listing = make_published(city, mediaIds=[media])
    assert is_public(city, media)
    set_status(city, listing["id"], status)
    assert not is_public(city, media)
    set_status(city, listing["id"], "published")
    assert is_public(city, media)


def test_it_is_public_as_long_as_one_of_two_listings_is(city: City) -> None:
    media = processed(city, picture())
    first, second = make_published(city, mediaIds=[media]), make_published(city, mediaIds=[media])
    set_status(city, first["id"], "archived")
    assert is_public(city, media)
    city.rows("core", "DELETE FROM listings WHERE id = :id RETURNING 1", id=second["id"])
    assert not is_public(city, media)


def test_a_tiles_picture_is_public_while_the_tile_is_shown(city: City) -> None:
    media, now = processed(city, picture()), datetime.now(UTC)
    made = city.call("create-tile", STAFF, body={"titles": {"de": "Start"}, "icon": "map", "mediaId": media})
    assert made.status == 201, made.body
    assert is_public(city, media)
    city.rows("core", "UPDATE tiles SET publish_at = :at RETURNING 1", at=now + timedelta(hours=1))
    assert not is_public(city, media)
    city.rows(
        "core", "UPDATE tiles SET publish_at = NULL, expire_at = :at RETURNING 1", at=now - timedelta(hours=1)
    )
    assert not is_public(city, media)


def test_another_city_sees_nothing_of_it(city: City, other_city: City) -> None:
    media = processed(city, picture())
    make_published(city, mediaIds=[media])
    for role in ("", AUTHOR, STAFF):
        assert see(other_city, media, role).code == "MEDIA_NOT_FOUND"


def test_the_counts_survive_deleting_and_exchanging(city: City) -> None:
    first, second = processed(city, picture()), processed(city, picture())
    listing = make_published(city, mediaIds=[first, second])
    assert city.call("delete-media", STAFF, path=f"/api/media/{first}").status == 204
    assert is_public(city, second)
    city.rows("core", "UPDATE listings SET media = '[]' WHERE id = :id RETURNING 1", id=listing["id"])
    assert not is_public(city, second)
    assert city.rows("core", "SELECT shown, attached FROM media") == [[0, 0]]
