"""Files that were announced and never came do not take a city's storage away for good."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.kit.settings import settings
from tests.core.factories import make_listing
from tests.core.test_media import announce, complete, picture, processed, send, uploaded
from tests.core.test_quotas import stored, used
from tests.support import City, call

pytestmark = pytest.mark.usefixtures("thirdparty")


def tick(*, in_minutes: int) -> None:
    due = (datetime.now(UTC) + timedelta(minutes=in_minutes)).isoformat()
    done = call(
        "collect-orphan-media",
        path="/",
        token=settings().broker_token.get_secret_value(),
        headers={"x-heidi-tick": due},
    )
    assert done.status == 204, done.body


def states(city: City) -> list[str]:
    return sorted(row[0] for row in city.rows("core", "SELECT state FROM media"))


def test_what_never_came_is_forgotten_after_an_hour_with_what_was_reserved_and_sent(
    city: City, other_city: City
) -> None:
    data = picture()
    for each in (city, other_city):
        announce(each, data)
        send(announce(each, data).body, data)
    tick(in_minutes=59)
    assert (states(city), used(city)) == (["requested"] * 2, {"storage_bytes": 2 * len(data)})
    tick(in_minutes=61)
    for each in (city, other_city):
        assert (states(each), used(each), each.files()) == ([], {"storage_bytes": 0}, [])


def test_what_is_attached_to_something_stays_and_what_is_not_goes_after_a_week(city: City) -> None:
    data = picture()
    make_listing(city, mediaIds=[processed(city, data)])
    tile = processed(city, data)
    assert (
        city.call(
            "create-tile", "city_admin", body={"titles": {"de": "Start"}, "icon": "map", "mediaId": tile}
        ).status
        == 201
    )
    processed(city, data)
    processed(city, data[:300])
    uploaded(city, data)
    announce(city, data)
    tick(in_minutes=7 * 24 * 60 - 10)
    assert states(city) == ["ready", "ready", "ready", "refused", "uploaded"]
    tick(in_minutes=7 * 24 * 60 + 10)
    assert states(city) == ["ready", "ready", "uploaded"]
    assert len({key.split("/")[1] for key in city.files()}) == 3
    assert used(city)["storage_bytes"] == stored(city)


def test_what_is_taken_out_of_a_listing_has_a_week_from_then_on(city: City) -> None:
    medium = processed(city, picture())
    listing = make_listing(city, mediaIds=[medium])
    city.rows(
        "core",
        "UPDATE media SET updated_at = now() - interval '30 days', used_at = now() - interval '30 days' RETURNING 1",
    )
    city.rows("core", "UPDATE listings SET media = '[]' WHERE id = :id RETURNING 1", id=listing["id"])
    tick(in_minutes=60)
    assert states(city) == ["ready"]


def test_a_file_whose_event_was_lost_is_processed_all_the_same(city: City) -> None:
    uploaded(city, picture())
    due = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    for _ in range(2):  # the second finds that the first has just seen to it
        assert (
            call(
                "resume-media",
                path="/",
                token=settings().broker_token.get_secret_value(),
                headers={"x-heidi-tick": due},
            ).status
            == 204
        )
    assert len(city.events("media.uploaded")) == 2
    city.settle()
    assert states(city) == ["ready"]


def test_whoever_completes_too_late_announces_anew(city: City) -> None:
    data = picture()
    link = announce(city, data).body
    send(link, data)
    tick(in_minutes=61)
    assert complete(city, link["mediaId"]).code == "MEDIA_NOT_FOUND"
    assert announce(city, data).status == 201
