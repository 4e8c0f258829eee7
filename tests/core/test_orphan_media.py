"""Files that were announced and never came do not take a city's storage away for good."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import storage
from shared.settings import settings
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
        assert (states(each), used(each), list(storage.keys(each.id))) == ([], {"storage_bytes": 0}, [])


def test_what_came_stays_however_old_it_is(city: City) -> None:
    data = picture()
    processed(city, data)
    processed(city, data[:300])
    uploaded(city, data)
    announce(city, data)
    tick(in_minutes=10_000)
    assert states(city) == ["ready", "refused", "uploaded"]
    assert used(city)["storage_bytes"] == stored(city)


def test_whoever_completes_too_late_announces_anew(city: City) -> None:
    data = picture()
    link = announce(city, data).body
    send(link, data)
    tick(in_minutes=61)
    assert complete(city, link["mediaId"]).code == "MEDIA_NOT_FOUND"
    assert announce(city, data).status == 201
